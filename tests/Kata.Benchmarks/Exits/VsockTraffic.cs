using System.Text;
using Kata.Benchmarks.Vsock;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Benchmarks.Exits;

/// <summary>A vsock device that is busy all the time with small and large packets, in both directions, with the guest's driver beside it.</summary>
internal sealed class VsockTraffic : IDisposable
{
    private const int RoundTrips = 4;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kata-exits-");
    private readonly BenchMachine _machine;
    private readonly SafeFileHandle _client;
    private readonly Thread _guest;
    private readonly Thread _host;
    private volatile bool _isEnding;
    private volatile bool _hasEnded;

    public VsockTraffic()
    {
        var path = $"{_directory.FullName}/s";
        _machine = new BenchMachine(path);
        _client = UnixSocket.Connect(path);
        FileDescriptors.WriteAll(_client, Encoding.ASCII.GetBytes($"CONNECT {VsockDriver.GuestPort}\n"));
        _machine.Driver.Accept();
        Span<byte> one = stackalloc byte[1];
        while (FileDescriptors.Read(_client, one) == 1 && one[0] != '\n')
        {
        }

        _guest = new Thread(Echo) { IsBackground = true, Name = "driver" };
        _host = new Thread(Send) { IsBackground = true, Name = "peer" };
        _guest.Start();
        _host.Start();
    }

    public void Dispose()
    {
        _isEnding = true;
        _host.Join();
        _guest.Join();
        _client.Dispose();
        _machine.Dispose();
        _directory.Delete(recursive: true);
    }

    private void Echo()
    {
        while (!_hasEnded)
        {
            for (var left = _machine.Driver.ReceiveData(); left > 0;)
                left -= _machine.Driver.SendData(left);
        }
    }

    private void Send()
    {
        var buffer = new byte[16 * 1024];
        while (true)
        {
            // The driver looks at this when it has answered.
            _hasEnded = _isEnding;
            Exchange(buffer.AsSpan(0, 1));
            if (_hasEnded)
                return;
            for (var i = 1; i < RoundTrips; i++)
                Exchange(buffer);
            Thread.Sleep(1);
        }
    }

    private void Exchange(Span<byte> data)
    {
        FileDescriptors.WriteAll(_client, data);
        for (var left = data.Length; left > 0;)
            left -= FileDescriptors.Read(_client, data[..left]);
    }
}
