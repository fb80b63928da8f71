using System.Globalization;

namespace Kata.Benchmarks.Devices;

/// <summary>Our devices against others, each behind vhost-user in a process of its own, under the same load from one generator.</summary>
internal static class DeviceComparison
{
    private const int DefaultRuns = 11;
    private const long DiskBytes = 256 << 20;
    private static readonly TimeSpan Time = TimeSpan.FromMilliseconds(300);
    private static int _sockets;
    private static string? _processor;

    public static Verb Verb { get; } = new(
        "devices", "PEERS [block] [cold-block] [fs] [vsock] [--runs N] [--processor N]: our devices against QEMU's and Rust ones, back ends on that processor", RunAsync);

    private static async Task<int> RunAsync(string[] args)
    {
        var runs = DefaultRuns;
        var kinds = new List<string>();
        for (var i = 1; i < args.Length; i++)
        {
            if (args[i] == "--runs")
                runs = int.Parse(args[++i], CultureInfo.InvariantCulture);
            else if (args[i] == "--processor")
                _processor = args[++i];
            else
                kinds.Add(args[i]);
        }

        var peers = new Peers(Path.GetFullPath(args[0]));
        var directory = Directory.CreateTempSubdirectory("kata-bench-").FullName;
        try
        {
            if (kinds.Contains("block") || kinds.Count == 0)
                await CompareBlockAsync(directory, runs);
            if (kinds.Contains("cold-block") || kinds.Count == 0)
                await CompareUncachedBlockAsync(directory, runs);
            if (kinds.Contains("fs") || kinds.Count == 0)
                await CompareFileSystemAsync(directory, peers, runs);
            if (kinds.Contains("vsock") || kinds.Count == 0)
                await CompareVsockAsync(directory, peers, runs);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        return 0;
    }

    private static async Task CompareBlockAsync(string directory, int runs)
    {
        var disk = Path.Combine(directory, "disk");
        await using var contest = await StartDisksAsync("block: a file of 256 MiB in the page cache", directory, disk, runs);
        contest.Run("4 KiB random read, QD1", "IOPS", load => load.Random(write: false, 1, Time));
        contest.Run("4 KiB random read, QD32", "IOPS", load => load.Random(write: false, 32, Time));
        contest.Run("4 KiB random write, QD1", "IOPS", load => load.Random(write: true, 1, Time));
        contest.Run("4 KiB random write, QD32", "IOPS", load => load.Random(write: true, 32, Time));
        contest.Run("1 MiB sequential read", "MiB/s", load => load.Sequential(write: false, Time));
        contest.Run("1 MiB sequential write", "MiB/s", load => load.Sequential(write: true, Time));
    }

    private static async Task CompareUncachedBlockAsync(string directory, int runs)
    {
        var disk = Path.Combine(directory, "cold-disk");
        await using var contest = await StartDisksAsync("block: a file of 256 MiB outside of the page cache", directory, disk, runs);
        contest.Run("4 KiB random read, QD1", "IOPS", load => Run(load, 1));
        contest.Run("4 KiB random read, QD32", "IOPS", load => Run(load, 32));

        Figure Run(BlockLoad load, int depth)
        {
            Evict(disk);
            return load.Random(write: false, depth, Time);
        }
    }

    /// <summary>One file for all: where in memory its pages lie makes a difference of its own.</summary>
    private static async Task<Contest<BlockLoad>> StartDisksAsync(string title, string directory, string disk, int runs)
    {
        Fill(disk);
        var contest = new Contest<BlockLoad>(title, runs);
        await AddAsync("ours", socket => DeviceServer.Command("block", socket, disk));
        await AddAsync("qemu-sd threads", socket => Peers.StorageDaemon(socket, disk, "threads"));
        await AddAsync("qemu-sd io_uring", socket => Peers.StorageDaemon(socket, disk, "io_uring"));
        contest.PrintHeader();
        return contest;

        async Task AddAsync(string name, Func<string, string[]> command)
        {
            var socket = Path.Combine(directory, $"blk{_sockets++}");
            contest.Add(await BackEnd.StartAsync(name, socket, _processor, command(socket)), new BlockLoad(socket));
        }
    }

    private static async Task CompareFileSystemAsync(string directory, Peers peers, int runs)
    {
        var shared = Directory.CreateDirectory(Path.Combine(directory, "shared")).FullName;
        Fill(Path.Combine(shared, "file"));
        await using var contest = new Contest<FileSystemLoad>("file system: a file of 256 MiB in the page cache", runs);
        await AddAsync("ours", socket => DeviceServer.Command("fs", socket, shared));
        await AddAsync("virtiofsd 1.13 (Rust)", socket => peers.FileSystemDaemon(socket, shared));
        await AddAsync("virtiofsd 7.2 (C)", socket => Peers.OldFileSystemDaemon(socket, shared));
        contest.PrintHeader();
        contest.Run("LOOKUP, QD1", "op/s", load => load.Lookups(1, Time));
        contest.Run("GETATTR, QD1", "op/s", load => load.GetAttributes(1, Time));
        contest.Run("GETATTR, QD16", "op/s", load => load.GetAttributes(16, Time));
        contest.Run("4 KiB random read, QD1", "IOPS", load => load.RandomReads(1, Time));
        contest.Run("4 KiB random read, QD32", "IOPS", load => load.RandomReads(32, Time));
        contest.Run("4 KiB random write, QD1", "IOPS", load => load.RandomWrites(1, Time));
        contest.Run("4 KiB random write, QD32", "IOPS", load => load.RandomWrites(32, Time));
        contest.Run("1 MiB sequential read", "MiB/s", load => load.SequentialReads(Time));
        contest.Run("1 MiB sequential write", "MiB/s", load => load.SequentialWrites(Time));

        async Task AddAsync(string name, Func<string, string[]> command)
        {
            var socket = Path.Combine(directory, $"fs{_sockets++}");
            contest.Add(await BackEnd.StartAsync(name, socket, _processor, command(socket)), new FileSystemLoad(socket, "file", DiskBytes));
        }
    }

    private static async Task CompareVsockAsync(string directory, Peers peers, int runs)
    {
        const int Trips = 5_000;
        const long Bytes = 256L << 20;
        await using var contest = new Contest<VsockLoad>("vsock: one stream between a unix socket and the guest's driver", runs);
        await AddAsync("ours", (socket, hybrid) => DeviceServer.Command("vsock", socket, hybrid));
        await AddAsync("vhost-device-vsock 0.3", peers.Vsock);
        contest.PrintHeader();
        contest.Run("round trips of 1 byte", "1/s", load => load.RoundTrips(Trips));
        contest.Run("guest to host", "MB/s", load => load.ToHost(Bytes));
        contest.Run("host to guest", "MB/s", load => load.ToGuest(Bytes));

        async Task AddAsync(string name, Func<string, string, string[]> command)
        {
            var (socket, hybrid) = (Path.Combine(directory, $"vu{_sockets}"), Path.Combine(directory, $"vs{_sockets++}"));
            contest.Add(await BackEnd.StartAsync(name, socket, _processor, command(socket, hybrid)), new VsockLoad(socket, hybrid));
        }
    }

    /// <summary>Takes a file out of the page cache.</summary>
    private static void Evict(string path) =>
        _ = Child.Start("/bin/dd", $"of={path}", "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none").ReadToEndAsync().GetAwaiter().GetResult();

    private static void Fill(string path)
    {
        using var file = File.Create(path);
        var block = new byte[1 << 20];
        for (var left = DiskBytes; left > 0; left -= block.Length)
        {
            Random.Shared.NextBytes(block);
            file.Write(block);
        }
    }
}
