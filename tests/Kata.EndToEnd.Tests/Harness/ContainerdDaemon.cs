using System.Diagnostics;
using Grpc.Core;
using Kata.EndToEnd.Tests.Api;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>Debian's containerd in the isolated host, with its own root, state, socket and configuration.</summary>
internal sealed class ContainerdDaemon : IAsyncDisposable
{
    // Inside the isolated host; its /run is a small tmpfs of its own.
    private const string StateDirectory = "/run/e2e-state";

    private readonly IsolatedHost _host;
    private readonly string _configuration;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private Process? _process;
    private Task _log = Task.CompletedTask;

    public ContainerdDaemon(IsolatedHost host, string directory, IReadOnlyDictionary<string, string> environment)
    {
        _host = host;
        _environment = environment;
        RootDirectory = Path.Combine(directory, "root");
        SocketPath = Path.Combine(directory, "containerd.sock");
        LogPath = Path.Combine(directory, "containerd.log");
        _configuration = Path.Combine(directory, "containerd.toml");
        File.WriteAllText(_configuration, $"""
            version = 2
            root = "{RootDirectory}"
            state = "{StateDirectory}"
            disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]

            [grpc]
            address = "{SocketPath}"

            [debug]
            level = "debug"

            # containerd's own patience with a shim that is loaded, ended or asked.
            [timeouts]
            "io.containerd.timeout.shim.cleanup" = "{Settings.Scaled(5).TotalSeconds}s"
            "io.containerd.timeout.shim.load" = "{Settings.Scaled(5).TotalSeconds}s"
            "io.containerd.timeout.shim.shutdown" = "{Settings.Scaled(3).TotalSeconds}s"
            "io.containerd.timeout.task.state" = "{Settings.Scaled(2).TotalSeconds}s"
            """);
    }

    public string RootDirectory { get; }

    public string SocketPath { get; }

    public string LogPath { get; }

    /// <summary>The daemon's process id inside the isolated host.</summary>
    public int InsidePid => HostProcess.All(_host).Single(p => p.Executable == Settings.Find("containerd")
        && p.CommandLine.Contains(_configuration, StringComparison.Ordinal)).Pid;

    public async Task StartAsync(ContainerdClient client)
    {
        _process = _host.Start("containerd", ["--config", _configuration], new() { Environment = _environment });
        _log = AppendLogAsync(_process);
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await client.Version.VersionAsync(new());
                return;
            }
            catch (RpcException) when (deadline.Elapsed < Settings.Scaled(20) && !_process.HasExited)
            {
                await Task.Delay(50);
            }
        }
    }

    /// <summary>Kills the daemon; shims live on.</summary>
    public async Task KillAsync()
    {
        await _host.SignalAsync(InsidePid, "KILL");
        await _process!.WaitForExitAsync();
        await _log;
        _process.Dispose();
    }

    /// <summary>The bundle directory of a container, as this process sees it.</summary>
    public string Bundle(string containerdNamespace, string id) =>
        $"{_host.Root}{StateDirectory}/io.containerd.runtime.v2.task/{containerdNamespace}/{id}";

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            await KillAsync();
    }

    private async Task AppendLogAsync(Process process)
    {
        await using var log = new StreamWriter(new FileStream(LogPath, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        while (await process.StandardError.ReadLineAsync() is { } line)
            await log.WriteLineAsync(line);
    }
}
