using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Kata.EndToEnd.Tests.Api;
using Kata.Protocols;
using RuntimeOptions = Kata.Protocols.Containerd.Runtime.Options;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>Everything the scenarios share: the isolated host, containerd with the image in it, the client and the events.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    public const string Namespace = "e2e";

    private int _lastId;

    private TestHost(Settings settings, IsolatedHost isolation, string directory)
    {
        Settings = settings;
        Isolation = isolation;
        TemporaryDirectory = directory;
        IdPrefix = $"e2e{Environment.ProcessId}x";
        ConfigurationPath = Path.Combine(directory, "configuration.toml");
        File.WriteAllText(ConfigurationPath, KataConfiguration.Text(settings));
        DaemonConfigurationPath = Path.Combine(directory, "with-daemon.toml");
        File.WriteAllText(DaemonConfigurationPath, KataConfiguration.Text(settings, withDaemon: true));
        string tools = Directory.CreateDirectory(Path.Combine(directory, "bin")).FullName;
        if (settings.IsKata)
            File.CreateSymbolicLink(Path.Combine(tools, "containerd-shim-kata-v2"), settings.Shim);
        Containerd = new(isolation, directory, new Dictionary<string, string>
        {
            ["PATH"] = $"{tools}:{Environment.GetEnvironmentVariable("PATH")}",
        });
        Client = new(Containerd.SocketPath, Namespace);
        Events = new(Client);
    }

    public Settings Settings { get; }

    public IsolatedHost Isolation { get; }

    public ContainerdDaemon Containerd { get; }

    public ContainerdClient Client { get; }

    public EventLog Events { get; }

    /// <summary>Visible under the same path inside and outside.</summary>
    public string TemporaryDirectory { get; }

    /// <summary>What every container id starts with.</summary>
    public string IdPrefix { get; }

    public string ConfigurationPath { get; }

    /// <summary>As <see cref="ConfigurationPath"/>, with virtiofsd for any VMM.</summary>
    public string DaemonConfigurationPath { get; }

    public string ImageSnapshot { get; private set; } = "";

    public static async Task<TestHost> StartAsync(Settings settings)
    {
        string directory = Directory.CreateTempSubdirectory("kata-e2e-").FullName;
        var host = new TestHost(settings, await IsolatedHost.StartAsync(), directory);
        await host.Containerd.StartAsync(host.Client);
        string archive = Path.Combine(directory, "image.tar");
        host.ImageSnapshot = (await OciImage.WriteAsync(archive)).ChainId;
        (await host.CtrAsync("images", "import", archive)).OrThrow();
        File.Delete(archive);
        await host.Events.SubscribeAsync();
        return host;
    }

    public string NewId() => $"{IdPrefix}{Interlocked.Increment(ref _lastId)}";

    /// <summary>The container's runtime options: where its configuration is.</summary>
    public Any? RuntimeOptions(string? configurationPath) =>
        Settings.IsKata ? AnyPayload.Pack(new RuntimeOptions { ConfigPath = configurationPath ?? ConfigurationPath }) : null;

    /// <summary>Runs <c>ctr</c> inside.</summary>
    public Task<CommandResult> CtrAsync(params string[] arguments) => Isolation.RunAsync("ctr", CtrArguments(arguments));

    public Process StartCtr(params string[] arguments) => Isolation.Start("ctr", CtrArguments(arguments), new());

    /// <summary>The arguments that choose the runtime in <c>ctr run</c>.</summary>
    public string[] CtrRuntime => Settings.IsKata
        ? ["--runtime", Settings.Runtime, "--runtime-config-path", ConfigurationPath]
        : ["--runtime", Settings.Runtime];

    /// <summary>Kills containerd and starts it again; running containers keep running.</summary>
    public async Task RestartContainerdAsync()
    {
        await Containerd.KillAsync();
        await Containerd.StartAsync(Client);
        await Events.SubscribeAsync();
    }

    private string[] CtrArguments(string[] arguments) => ["-a", Containerd.SocketPath, "-n", Namespace, .. arguments];

    public async ValueTask DisposeAsync()
    {
        await Events.DisposeAsync();
        Client.Dispose();
        await Containerd.DisposeAsync();
        await Isolation.DisposeAsync();
        if (Settings.LogDirectory is { } logs)
        {
            Directory.CreateDirectory(logs);
            File.Copy(Containerd.LogPath, Path.Combine(logs, "containerd.log"), overwrite: true);
        }

        Directory.Delete(TemporaryDirectory, recursive: true);
    }
}
