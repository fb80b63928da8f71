using System.Diagnostics;
using System.Globalization;
using System.Text;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Benchmarks.Vsock;

/// <summary>
/// The vsock device against the least that a user-space relay can do: one thread that copies between two unix sockets, 64 KiB at a time.
/// </summary>
internal static class VsockComparison
{
    private const long TransferBytes = 1L << 30;
    private const int RoundTrips = 20_000;

    public static Verb Verb { get; } = new("vsock", "[RUNS]: throughput, CPU and latency of the vsock device against a plain relay", RunAsync);

    private static Task<int> RunAsync(string[] args)
    {
        var runs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
        var relay = new List<Figure>();
        var toHost = new List<Figure>();
        var toGuest = new List<Figure>();
        var latency = new List<double>();
        for (var run = -1; run < runs; run++)
        {
            var figures = (MeasureRelay(), MeasureDevice(ReceiveFromGuest), MeasureDevice(SendToGuest), MeasureDevice(PingPong));
            if (run < 0)
                continue;
            relay.Add(figures.Item1);
            toHost.Add(figures.Item2);
            toGuest.Add(figures.Item3);
            latency.Add(figures.Item4.Wall.TotalMicroseconds / RoundTrips);
        }

        Console.WriteLine($"1 GiB through one thread, medians of {runs} runs (ratio to the relay)");
        Console.WriteLine($"  {"",-24}{"GB/s",15}{"CPU s per GB",18}");
        Print("relay, 64 KiB", relay, relay);
        Print("guest to host, 64 KiB", toHost, relay);
        Print("host to guest, 4 KiB", toGuest, relay);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Round trip of one byte through the device: {Statistics.Median(latency):0.0} µs"));
        return Task.FromResult(0);
    }

    private static void Print(string name, List<Figure> figures, List<Figure> reference)
    {
        var (rate, cpu) = (Statistics.Median(figures.Select(f => f.Rate)), Statistics.Median(figures.Select(f => f.CpuPerGigabyte)));
        var (baseRate, baseCpu) = (Statistics.Median(reference.Select(f => f.Rate)), Statistics.Median(reference.Select(f => f.CpuPerGigabyte)));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  {name,-24}{rate,7:0.00} ({rate / baseRate:0.00}x){cpu,10:0.000} ({cpu / baseCpu:0.00}x)"));
    }

    private static Figure MeasureRelay()
    {
        var (source, input) = UnixSocket.Pair();
        var (output, sink) = UnixSocket.Pair();
        using (source)
        using (input)
        using (output)
        using (sink)
        {
            var cpu = TimeSpan.Zero;
            var relay = Start(() =>
            {
                var buffer = new byte[64 * 1024];
                for (int count; (count = FileDescriptors.Read(input, buffer)) > 0;)
                    FileDescriptors.WriteAll(output, buffer.AsSpan(0, count));
                cpu = ResourceUsage.OfCurrentThread();
            });
            var started = Stopwatch.GetTimestamp();
            var writer = Start(() =>
            {
                Write(source);
                StreamSocket.Shutdown(source, sendOnly: true);
            });
            Read(sink);
            var wall = Stopwatch.GetElapsedTime(started);
            writer.Join();
            relay.Join();
            return new Figure(wall, cpu);
        }
    }

    private static Figure MeasureDevice(Func<VsockDriver, SafeFileHandle, TimeSpan> run)
    {
        var directory = Directory.CreateTempSubdirectory("kata-vsock-").FullName;
        try
        {
            using var machine = new BenchMachine($"{directory}/s");
            using var client = UnixSocket.Connect($"{directory}/s");
            FileDescriptors.WriteAll(client, Encoding.ASCII.GetBytes($"CONNECT {VsockDriver.GuestPort}\n"));
            machine.Driver.Accept();
            Span<byte> one = stackalloc byte[1];
            while (FileDescriptors.Read(client, one) == 1 && one[0] != '\n')
            {
            }

            var before = machine.DeviceTime;
            var wall = run(machine.Driver, client);
            return new Figure(wall, machine.DeviceTime - before);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static TimeSpan ReceiveFromGuest(VsockDriver driver, SafeFileHandle client)
    {
        var started = Stopwatch.GetTimestamp();
        var guest = Start(() =>
        {
            for (var left = TransferBytes; left > 0;)
                left -= driver.SendData(VsockDriver.PacketBytes);
        });
        Read(client);
        guest.Join();
        return Stopwatch.GetElapsedTime(started);
    }

    private static TimeSpan SendToGuest(VsockDriver driver, SafeFileHandle client)
    {
        var started = Stopwatch.GetTimestamp();
        var host = Start(() => Write(client));
        for (var left = TransferBytes; left > 0;)
            left -= driver.ReceiveData();

        host.Join();
        return Stopwatch.GetElapsedTime(started);
    }

    private static TimeSpan PingPong(VsockDriver driver, SafeFileHandle client)
    {
        var guest = Start(() =>
        {
            for (var i = 0; i < RoundTrips; i++)
            {
                driver.ReceiveData();
                driver.SendData(1);
            }
        });
        var started = Stopwatch.GetTimestamp();
        Span<byte> one = stackalloc byte[1];
        for (var i = 0; i < RoundTrips; i++)
        {
            FileDescriptors.WriteAll(client, one);
            _ = FileDescriptors.Read(client, one);
        }

        var wall = Stopwatch.GetElapsedTime(started);
        guest.Join();
        return wall;
    }

    private static void Write(SafeFileHandle socket)
    {
        var buffer = new byte[64 * 1024];
        for (var left = TransferBytes; left > 0; left -= buffer.Length)
            FileDescriptors.WriteAll(socket, buffer);
    }

    private static void Read(SafeFileHandle socket)
    {
        var buffer = new byte[64 * 1024];
        for (var left = TransferBytes; left > 0;)
            left -= FileDescriptors.Read(socket, buffer);
    }

    private static Thread Start(Action action)
    {
        var thread = new Thread(() => action());
        thread.Start();
        return thread;
    }

    private sealed record Figure(TimeSpan Wall, TimeSpan Cpu)
    {
        public double Rate => TransferBytes / 1e9 / Wall.TotalSeconds;

        public double CpuPerGigabyte => Cpu.TotalSeconds / (TransferBytes / 1e9);
    }
}
