using System.Diagnostics;
using System.Globalization;
using System.Text;
using Grpc.Core;
using Kata.Linux;
using Kata.Protocols.Containerd.Services;
using Kata.Protocols.Containerd.Task;
using Kata.Ttrpc;
using Microsoft.Win32.SafeHandles;

namespace Kata.Benchmarks.Shim;

/// <summary>Plays containerd's part for a shim: bundle, log fifo, <c>start</c>, a call or two, shutdown.</summary>
internal sealed class ShimBench : IAsyncDisposable
{
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(1);

    private readonly DirectoryInfo _directory;
    private int _next;

    private ShimBench(DirectoryInfo directory) => _directory = directory;

    public static ShimBench Create() => new(Directory.CreateTempSubdirectory("kata-bench-"));

    public async Task<ShimSample> MeasureAsync(string shim)
    {
        DropPageCache();
        var (coldWall, _, _) = await StartAsync(shim, static _ => System.Threading.Tasks.Task.FromResult(true));
        var (wall, cpu, (resident, anonymous, threads)) = await StartAsync(shim, IdleAsync);
        return new ShimSample(wall, coldWall, cpu, resident, anonymous, threads);
    }

    public ValueTask DisposeAsync()
    {
        _directory.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>What every other program of the machine has read goes, too.</summary>
    private static void DropPageCache() => File.WriteAllText("/proc/sys/vm/drop_caches", "1");

    private static async Task<(long Resident, long Anonymous, int Threads)> IdleAsync(int pid)
    {
        await System.Threading.Tasks.Task.Delay(IdleTime);
        return (Rollup(pid, "Rss:"), Rollup(pid, "Anonymous:"), Directory.GetDirectories($"/proc/{pid}/task").Length);
    }

    /// <summary>Starts a daemon, looks at it, and ends it.</summary>
    private async Task<(TimeSpan Wall, TimeSpan Cpu, T Seen)> StartAsync<T>(string shim, Func<int, Task<T>> look)
    {
        var id = $"bench{Environment.ProcessId}-{_next++}";
        var bundle = CreateBundle(id);
        using var log = OpenLog(bundle);
        string[] arguments =
        [
            "-namespace", "bench", "-address", Path.Combine(_directory.FullName, "containerd.sock"), "-publish-binary", "/bin/true", "-id", id,
        ];
        var cpu = ResourceUsage.OfEndedChildren();
        var clock = Stopwatch.StartNew();
        var address = await RunAsync(shim, [.. arguments, "start"], bundle);
        var wall = clock.Elapsed;
        cpu = ResourceUsage.OfEndedChildren() - cpu;

        await using var channel = await TtrpcChannel.ConnectAsync(TtrpcAddress.Parse(address));
        var task = new Kata.Protocols.Containerd.Services.Task.TaskClient(channel);
        var pid = (int)(await task.ConnectAsync(new ConnectRequest { Id = id })).ShimPid;
        var seen = await look(pid);
        var started = ProcessTable.StartTimeOf(pid) ?? 0;
        try
        {
            await task.ShutdownAsync(new ShutdownRequest { Id = id, Now = true });
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
        {
            // A shim may be gone before its answer is; containerd takes that for one.
        }

        await channel.Closed.WaitAsync(TimeSpan.FromSeconds(10));
        ProcessTable.KillAndWait(pid, started, TimeSpan.FromSeconds(5));
        return (wall, cpu, seen);
    }

    private static async Task<string> RunAsync(string shim, string[] arguments, string bundle)
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin",
            ["TTRPC_ADDRESS"] = Path.Combine(bundle, "absent.ttrpc"),
            ["GOMAXPROCS"] = "2",
        };
        await using var child = Child.Start(shim, arguments, bundle, environment);
        return (await child.ReadToEndAsync()).Trim();
    }

    private string CreateBundle(string id)
    {
        var bundle = _directory.CreateSubdirectory(id).FullName;
        Directory.CreateDirectory(Path.Combine(bundle, "rootfs"));
        File.WriteAllText(
            Path.Combine(bundle, "config.json"),
            """{"ociVersion":"1.0.2","process":{"args":["/bin/true"],"cwd":"/"},"root":{"path":"rootfs"},"linux":{"namespaces":[{"type":"pid"},{"type":"mount"}]}}""",
            new UTF8Encoding(false));
        FileSystem.CreateFifo(Path.Combine(bundle, "log"), 0x1C0);
        return bundle;
    }

    private static SafeFileHandle OpenLog(string bundle) =>
        FileDescriptors.Open(Path.Combine(bundle, "log"), OpenFlags.ReadWrite | OpenFlags.NonBlocking);

    private static long Rollup(int pid, string field)
    {
        var line = File.ReadLines($"/proc/{pid}/smaps_rollup").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line[field.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }
}
