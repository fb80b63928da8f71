using System.Globalization;
using System.Text.RegularExpressions;

namespace Kata.Benchmarks.Run;

/// <summary>A containerd of one's own in a temporary directory, driven with <c>ctr</c>.</summary>
internal sealed class PrivateContainerd : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kata-bench-");
    private Child? _process;
    private Task _output = Task.CompletedTask;

    private string Socket => Path.Combine(_directory.FullName, "containerd.sock");

    private string Log => Path.Combine(_directory.FullName, "log");

    public static async Task<PrivateContainerd> StartAsync(string shim, string configuration, string image)
    {
        var containerd = new PrivateContainerd();
        try
        {
            await containerd.RunAsync(shim, configuration);
            await containerd.CtrAsync("images", "import", image);
            return containerd;
        }
        catch
        {
            await containerd.DisposeAsync();
            throw;
        }
    }

    public async Task<string> CtrAsync(params string[] arguments)
    {
        await using var ctr = Child.Start("/usr/bin/ctr", ["--address", Socket, .. arguments]);
        return await ctr.ReadToEndAsync();
    }

    /// <summary>As <see cref="CtrAsync"/>, for output that is too long to keep.</summary>
    public async Task DiscardOutputAsync(params string[] arguments)
    {
        await using var ctr = Child.Start("/bin/sh", ["-c", "exec /usr/bin/ctr --address \"$0\" \"$@\" > /dev/null", Socket, .. arguments]);
        await ctr.ReadToEndAsync();
    }

    /// <summary>The daemon that serves a container.</summary>
    public int ShimOf(string id) => int.Parse(
        File.ReadAllText(Path.Combine(_directory.FullName, "state/io.containerd.runtime.v2.task/default", id, "shim.pid")), CultureInfo.InvariantCulture);

    /// <summary>What the shim logged about the steps of a container's start, in milliseconds.</summary>
    public Dictionary<string, double> PhasesOf(string id) => File.ReadLines(Log)
        .Where(line => line.Contains($" id={id} ", StringComparison.Ordinal))
        .Select(line => Regex.Match(line, " phase=([a-z]+) ms=([0-9]+)"))
        .Where(match => match.Success)
        .ToDictionary(match => match.Groups[1].Value, match => double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        await _output;
        _directory.Delete(recursive: true);
    }

    private async Task RunAsync(string shim, string configuration)
    {
        var settings = Path.Combine(_directory.FullName, "config.toml");
        await File.WriteAllTextAsync(settings, $"""
            version = 2
            root = "{_directory.FullName}/root"
            state = "{_directory.FullName}/state"
            disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
            [grpc]
              address = "{Socket}"
            [ttrpc]
              address = "{Socket}.ttrpc"
            """);
        _process = Child.Start("/usr/bin/containerd", ["--config", settings], null, new Dictionary<string, string>
        {
            ["PATH"] = $"{Path.GetDirectoryName(shim)}:/usr/sbin:/usr/bin:/sbin:/bin",
            ["KATA_CONF_FILE"] = configuration,
        });
        _output = CopyAsync(_process);
        using var limit = new CancellationTokenSource(StartTimeout);
        while (!File.Exists(Socket))
            await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
    }

    private async Task CopyAsync(Child process)
    {
        await using var log = new StreamWriter(new FileStream(Log, FileMode.Create, FileAccess.Write, FileShare.Read)) { AutoFlush = true };
        while (await process.ReadLineAsync() is { } line)
            await log.WriteLineAsync(line);
    }
}
