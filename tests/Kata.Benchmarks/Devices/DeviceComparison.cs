using System.Globalization;

namespace Kata.Benchmarks.Devices;

/// <summary>Our devices against others, each behind vhost-user in a process of its own, under the same load from one generator.</summary>
internal static class DeviceComparison
{
    private const int DefaultRuns = 11;
    private const long DiskBytes = 256 << 20;
    private static readonly TimeSpan Time = TimeSpan.FromMilliseconds(300);

    public static Verb Verb { get; } = new(
        "devices", "PEERS [block] [fs] [vsock] [--runs N]: our devices against those of QEMU and the Rust projects, over vhost-user", RunAsync);

    private static async Task<int> RunAsync(string[] args)
    {
        var runs = DefaultRuns;
        var kinds = new List<string>();
        for (var i = 1; i < args.Length; i++)
        {
            if (args[i] == "--runs")
                runs = int.Parse(args[++i], CultureInfo.InvariantCulture);
            else
                kinds.Add(args[i]);
        }

        var peers = new Peers(Path.GetFullPath(args[0]));
        var directory = Directory.CreateTempSubdirectory("kata-bench-").FullName;
        try
        {
            if (kinds.Contains("block") || kinds.Count == 0)
                await CompareBlockAsync(directory, runs);
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
        await using var contest = new Contest<BlockLoad>("block: a file of 256 MiB, in the page cache unless it says otherwise", runs);
        await AddAsync("ours", (socket, disk) => DeviceServer.Command("block", socket, disk));
        await AddAsync("qemu-sd threads", (socket, disk) => Peers.StorageDaemon(socket, disk, "threads"));
        await AddAsync("qemu-sd io_uring", (socket, disk) => Peers.StorageDaemon(socket, disk, "io_uring"));
        contest.PrintHeader();
        contest.Run("4 KiB random read, QD1", "IOPS", load => load.Random(write: false, 1, Time));
        contest.Run("4 KiB random read, QD32", "IOPS", load => load.Random(write: false, 32, Time));
        contest.Run("4 KiB random write, QD1", "IOPS", load => load.Random(write: true, 1, Time));
        contest.Run("4 KiB random write, QD32", "IOPS", load => load.Random(write: true, 32, Time));
        contest.Run("1 MiB sequential read", "MiB/s", load => load.Sequential(write: false, Time));
        contest.Run("1 MiB sequential write", "MiB/s", load => load.Sequential(write: true, Time));
        contest.Run("4 KiB uncached read, QD1", "IOPS", load => Uncached(load, 1));
        contest.Run("4 KiB uncached read, QD32", "IOPS", load => Uncached(load, 32));

        Figure Uncached(BlockLoad load, int depth)
        {
            foreach (var disk in Directory.GetFiles(directory, "disk", SearchOption.AllDirectories))
                Evict(disk);
            return load.Random(write: false, depth, Time);
        }

        async Task AddAsync(string name, Func<string, string, string[]> command)
        {
            var place = Directory.CreateDirectory(Path.Combine(directory, name.Replace(' ', '-'))).FullName;
            var (socket, disk) = (Path.Combine(place, "blk"), Path.Combine(place, "disk"));
            Fill(disk);
            contest.Add(await BackEnd.StartAsync(name, socket, command(socket, disk)), new BlockLoad(socket));
        }
    }

    private static async Task CompareFileSystemAsync(string directory, Peers peers, int runs)
    {
        await using var contest = new Contest<FileSystemLoad>("file system: a file of 256 MiB in the page cache", runs);
        await AddAsync("ours", (socket, shared) => DeviceServer.Command("fs", socket, shared));
        await AddAsync("virtiofsd 1.13 (Rust)", peers.FileSystemDaemon);
        await AddAsync("virtiofsd 7.2 (C)", Peers.OldFileSystemDaemon);
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

        async Task AddAsync(string name, Func<string, string, string[]> command)
        {
            var place = Directory.CreateDirectory(Path.Combine(directory, $"fs-{name.Split(' ')[0]}-{Guid.NewGuid():N}"[..24])).FullName;
            var (socket, shared) = (Path.Combine(place, "fs"), Directory.CreateDirectory(Path.Combine(place, "shared")).FullName);
            Fill(Path.Combine(shared, "file"));
            contest.Add(await BackEnd.StartAsync(name, socket, command(socket, shared)), new FileSystemLoad(socket, "file", DiskBytes));
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
            var place = Directory.CreateDirectory(Path.Combine(directory, $"vsock-{name.Split(' ')[0]}-{Guid.NewGuid():N}"[..24])).FullName;
            var (socket, hybrid) = (Path.Combine(place, "vu"), Path.Combine(place, "vs"));
            contest.Add(await BackEnd.StartAsync(name, socket, command(socket, hybrid)), new VsockLoad(socket, hybrid));
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
