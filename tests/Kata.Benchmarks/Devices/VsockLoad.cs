using System.Diagnostics;
using System.Text;
using Kata.Benchmarks.Vsock;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Benchmarks.Devices;

/// <summary>One stream between a client of the hybrid socket and a guest's driver.</summary>
internal sealed class VsockLoad : IDisposable
{
    private readonly BenchGuest _guest;
    private readonly VsockDriver _driver;
    private readonly SafeFileHandle _client;

    public VsockLoad(string socketPath, string hybridPath)
    {
        _guest = new BenchGuest(socketPath, 0, VsockDriver.QueueSize, VsockDriver.QueueSize, VsockDriver.QueueSize);
        _driver = new VsockDriver(_guest.Queues[0], _guest.Queues[1], BenchGuest.BuffersAt);
        _guest.Start();
        _client = UnixSocket.Connect(hybridPath);
        FileDescriptors.WriteAll(_client, Encoding.ASCII.GetBytes($"CONNECT {VsockDriver.GuestPort}\n"));
        _driver.Accept();
        var one = new byte[1];
        while (FileDescriptors.Read(_client, one) == 1 && one[0] != '\n')
        {
        }
    }

    /// <summary>Bytes there and back, one at a time. Counts round trips.</summary>
    public Figure RoundTrips(int count)
    {
        var guest = Start(() =>
        {
            for (var i = 0; i < count; i++)
            {
                _driver.ReceiveData();
                _driver.SendData(1);
            }
        });
        var clock = Stopwatch.StartNew();
        var one = new byte[1];
        for (var i = 0; i < count; i++)
        {
            FileDescriptors.WriteAll(_client, one);
            _ = FileDescriptors.Read(_client, one);
        }

        var figure = new Figure(count, clock.Elapsed);
        guest.Join();
        return figure;
    }

    /// <summary>Counts megabytes.</summary>
    public Figure ToHost(long bytes)
    {
        var clock = Stopwatch.StartNew();
        var guest = Start(() =>
        {
            for (var left = bytes; left > 0;)
                left -= _driver.SendData((int)Math.Min(left, VsockDriver.PacketBytes));
        });
        var buffer = new byte[VsockDriver.PacketBytes];
        for (var left = bytes; left > 0;)
            left -= FileDescriptors.Read(_client, buffer);
        var figure = new Figure(bytes / 1e6, clock.Elapsed);
        guest.Join();
        return figure;
    }

    /// <summary>Counts megabytes.</summary>
    public Figure ToGuest(long bytes)
    {
        var clock = Stopwatch.StartNew();
        var host = Start(() =>
        {
            var buffer = new byte[VsockDriver.PacketBytes];
            for (var left = bytes; left > 0; left -= buffer.Length)
                FileDescriptors.WriteAll(_client, buffer);
        });
        for (var left = bytes; left > 0;)
            left -= _driver.ReceiveData();
        var figure = new Figure(bytes / 1e6, clock.Elapsed);
        host.Join();
        return figure;
    }

    public void Dispose()
    {
        _client.Dispose();
        _guest.Dispose();
    }

    private static Thread Start(Action action)
    {
        var thread = new Thread(() => action());
        thread.Start();
        return thread;
    }
}
