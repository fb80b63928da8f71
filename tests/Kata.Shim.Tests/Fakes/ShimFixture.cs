using Kata.Linux;
using Kata.Protocols;
using Kata.Protocols.Containerd.Runtime;
using Kata.Protocols.Containerd.Task;
using Kata.Protocols.Oci;
using Kata.Shim.Hosting;
using Kata.Ttrpc;
using Microsoft.Extensions.Logging.Abstractions;
using TaskClient = Kata.Protocols.Containerd.Services.Task.TaskClient;

namespace Kata.Shim.Tests.Fakes;

/// <summary>A whole daemon in this process, between a fake containerd and a fake VM, reached over a real socket.</summary>
internal sealed class ShimFixture : IAsyncDisposable
{
    private readonly Daemon _daemon;
    private readonly TtrpcChannel _channel;

    private ShimFixture(string directory, Daemon daemon, Task serving, TtrpcChannel channel, FakeHypervisorProvider provider, FakeContainerd containerd)
    {
        (Directory, _daemon, Serving, _channel, Provider, Containerd) = (directory, daemon, serving, channel, provider, containerd);
        Task = new TaskClient(channel);
    }

    internal string Directory { get; }

    /// <summary>Completes when the daemon has ended.</summary>
    internal Task Serving { get; }

    internal TtrpcChannel Channel => _channel;

    internal TaskClient Task { get; }

    internal FakeHypervisorProvider Provider { get; }

    internal FakeContainerd Containerd { get; }

    internal FakeAgent Agent => Provider.Agent!;

    internal string Bundle => $"{Directory}/bundle";

    internal string StateRoot => $"{Directory}/run";

    internal string SocketPath => $"{Directory}/shim.sock";

    internal static async Task<ShimFixture> StartAsync(string id = "c1")
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("kata-shim-").FullName;
        System.IO.Directory.CreateDirectory($"{directory}/bundle/rootfs");
        File.WriteAllText($"{directory}/disk", "");
        File.WriteAllText(
            $"{directory}/configuration.toml",
            """
            [hypervisor.fake]
            shared_fs = "none"
            [agent.kata]
            [runtime]
            hypervisor_name = "fake"
            agent_name = "kata"
            """);
        File.WriteAllBytes(
            $"{directory}/bundle/config.json",
            OciJson.Write(new Spec { OciVersion = "1.0.2", Process = new Process { Args = ["sh"], Cwd = "/" }, Root = new Root { Path = "rootfs" } }));
        var containerd = new FakeContainerd($"{directory}/containerd.sock.ttrpc");
        var provider = new FakeHypervisorProvider();
        var arguments = new ShimArguments { Action = ShimAction.Serve, Namespace = "test", Id = id, Socket = $"{directory}/shim.sock" };
        var daemon = new Daemon(
            arguments, [provider], NullLogger.Instance, TimeProvider.System, $"{directory}/containerd.sock.ttrpc", $"{directory}/run");
        var serving = daemon.ServeAsync(UnixSocket.Listen(arguments.Socket));
        var channel = await TtrpcChannel.ConnectAsync(TtrpcAddress.Unix(arguments.Socket));
        return new ShimFixture(directory, daemon, serving, channel, provider, containerd);
    }

    internal CreateTaskRequest CreateRequest(string id = "c1", string stdin = "", string stdout = "", string stderr = "", bool terminal = false)
    {
        var request = new CreateTaskRequest
        {
            Id = id,
            Bundle = Bundle,
            Stdin = stdin,
            Stdout = stdout,
            Stderr = stderr,
            Terminal = terminal,
            Options = AnyPayload.Pack(new Options { ConfigPath = $"{Directory}/configuration.toml" }),
        };
        request.Rootfs.Add(new Protocols.Containerd.Task.Mount { Type = "ext4", Source = $"{Directory}/disk", Options = { "loop" } });
        return request;
    }

    internal static ExecProcessRequest ExecRequest(string execId, string[]? args = null, string id = "c1") => new()
    {
        Id = id,
        ExecId = execId,
        Spec = AnyPayload.Pack(new Process { Args = args ?? ["sh"], Cwd = "/" }),
    };

    /// <summary>Creates and starts a container.</summary>
    internal async Task<FakeProcess> RunAsync(CreateTaskRequest? request = null)
    {
        request ??= CreateRequest();
        await Task.CreateAsync(request);
        await Task.StartAsync(new StartRequest { Id = request.Id });
        return Agent.Process(request.Id);
    }

    internal string Fifo(string name)
    {
        var path = $"{Directory}/{name}";
        FileSystem.CreateFifo(path, 0x180);
        return path;
    }

    internal bool HasState => System.IO.Directory.Exists(StateRoot) && System.IO.Directory.GetFileSystemEntries(StateRoot).Length > 0;

    public async ValueTask DisposeAsync()
    {
        if (!Serving.IsCompleted)
        {
            try
            {
                await Task.ShutdownAsync(new ShutdownRequest { Id = "c1", Now = true });
            }
            catch (Grpc.Core.RpcException)
            {
                // It ended by itself.
            }
        }

        await Serving.WaitAsync(TimeSpan.FromSeconds(30));
        await _daemon.DisposeAsync();
        await _channel.DisposeAsync();
        await Containerd.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
