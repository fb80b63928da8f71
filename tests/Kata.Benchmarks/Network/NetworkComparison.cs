using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Kata.Linux;
using Kata.Linux.Netlink;
using Microsoft.Win32.SafeHandles;

namespace Kata.Benchmarks.Network;

/// <summary>
/// The network device against the least that a program can do with a TAP device: readv and writev in a loop. The kernel is the other side of
/// both, in a network namespace of its own.
/// </summary>
internal static class NetworkComparison
{
    private const string Tap = "tap0";
    private const int FramesPerRun = 40_000;

    /// <summary>Frames in the TAP device at once; it holds 1000.</summary>
    private const int Batch = 400;

    private static readonly IPEndPoint Guest = new(IPAddress.Parse("10.1.0.2"), 7);

    public static Verb Verb { get; } = new("net", "[RUNS]: cost of a frame in the network device against plain readv and writev", RunAsync);

    private static Task<int> RunAsync(string[] args)
    {
        var runs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
        return Task.FromResult(Namespaces.RunInNew(NamespaceKinds.Network, () => Run(runs)));
    }

    private static int Run(int runs)
    {
        PersistentTap.Create(Tap, multiQueue: false);
        using var tap = TapDevice.OpenExistingQueue(Tap, multiQueue: false);
        using (var network = new NetworkConfigurator())
        {
            var link = network.ListLinks().Single(link => link.Name == Tap).Index;
            network.BringUp(link, 1500);
            network.AddAddress(link, IPAddress.Parse("10.1.0.1"), 24);
            network.SetNeighbor(new NetworkNeighbor(link, Guest.Address, "02:00:00:00:00:02", NetworkNeighbor.Permanent, 0));
        }

        TapDevice.UseVirtioHeader(tap);
        var hasUdp = TapDevice.TrySetOffloads(tap, TapOffloads.Checksum | TapOffloads.Tcp4 | TapOffloads.Tcp6 | TapOffloads.TcpEcn | TapOffloads.Udp);
        using var card = new BenchCard(tap, hasUdp);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Console.WriteLine($"{FramesPerRun} frames on one thread, medians of {runs} runs taking turns");
        Console.WriteLine($"  {"",-28}{"plain ns",10}{"device ns",11}{"ratio",8}{"Mframes/s",11}{"Gbit/s",9}");
        foreach (var size in (int[])[64, 1514, 65_000])
            Compare($"guest to host, {size} B", runs, size, () => WritePlain(tap, Frame(size)), () => card.Send(Frame(size), FramesPerRun));
        foreach (var size in hasUdp ? (int[])[64, 1514, 60_000] : [64, 1514])
            Compare($"host to guest, {size} B", runs, size, () => ReadPlain(tap, socket, size), () => ReadDevice(card, socket, size));
        return 0;
    }

    private static void Compare(string name, int runs, int size, Func<long> plain, Func<long> device)
    {
        var times = new List<(double Plain, double Device)>();
        for (var run = -1; run < runs; run++)
        {
            var time = (Nanoseconds(plain()), Nanoseconds(device()));
            if (run >= 0)
                times.Add(time);
        }

        var (ours, theirs) = (Statistics.Median(times.Select(t => t.Device)), Statistics.Median(times.Select(t => t.Plain)));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  {name,-28}{theirs,10:0}{ours,11:0}{ours / theirs,8:0.00}{1e3 / ours,11:0.00}{size * 8 / ours,9:0.0}"));
    }

    private static double Nanoseconds(long ticks) => ticks * 1e9 / Stopwatch.Frequency / FramesPerRun;

    /// <summary>A frame with a header, of a protocol that the kernel does not know: it goes no further than the device.</summary>
    private static byte[] Frame(int size)
    {
        var frame = new byte[TapDevice.HeaderBytes + size];
        frame.AsSpan(TapDevice.HeaderBytes, 6).Fill(0xff);
        (frame[TapDevice.HeaderBytes + 12], frame[TapDevice.HeaderBytes + 13]) = (0x88, 0xb5);
        return frame;
    }

    private static unsafe long WritePlain(SafeFileHandle tap, byte[] frame)
    {
        fixed (byte* pointer = frame)
        {
            var range = new NativeBuffer((nint)pointer, frame.Length);
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < FramesPerRun; i++)
                Check(TapDevice.Send(tap, new ReadOnlySpan<NativeBuffer>(ref range)));
            return Stopwatch.GetTimestamp() - started;
        }
    }

    private static unsafe long ReadPlain(SafeFileHandle tap, Socket socket, int size)
    {
        var buffer = new byte[66_000];
        fixed (byte* pointer = buffer)
        {
            var range = new NativeBuffer((nint)pointer, buffer.Length);
            var ticks = 0L;
            for (var left = FramesPerRun; left > 0; left -= Batch)
            {
                Fill(socket, size);
                var started = Stopwatch.GetTimestamp();
                for (var i = 0; i < Batch; i++)
                    Check(TapDevice.Receive(tap, new ReadOnlySpan<NativeBuffer>(ref range)));
                ticks += Stopwatch.GetTimestamp() - started;
            }

            return ticks;
        }
    }

    private static long ReadDevice(BenchCard card, Socket socket, int size)
    {
        var ticks = 0L;
        for (var left = FramesPerRun; left > 0; left -= Batch)
        {
            Fill(socket, size);
            var (buffers, time) = card.Receive();
            if (buffers < Batch)
                throw new InvalidOperationException($"{Batch} frames were sent, {buffers} buffers came.");
            ticks += time;
        }

        return ticks;
    }

    private static void Fill(Socket socket, int size)
    {
        const int SOL_UDP = 17, UDP_SEGMENT = 103, Headers = 42;
        socket.SetRawSocketOption(SOL_UDP, UDP_SEGMENT, BitConverter.GetBytes(size > 1514 ? 1400 : 0));
        ReadOnlySpan<byte> payload = new byte[size - Headers];
        for (var i = 0; i < Batch; i++)
            socket.SendTo(payload, Guest);
    }

    private static void Check(int result)
    {
        if (result < 0)
            throw new LinuxException("TAP", Tap, (Errno)(-result));
    }
}
