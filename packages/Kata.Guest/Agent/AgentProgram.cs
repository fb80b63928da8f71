using System.Runtime.InteropServices;
using Kata.Guest.Agent.Boot;
using Kata.Guest.Agent.Cgroups;
using Kata.Guest.Agent.Containers;
using Kata.Guest.Agent.Devices;
using Kata.Guest.Agent.Logging;
using Kata.Guest.Agent.Network;
using Kata.Guest.Agent.Rpc;
using Kata.Guest.Agent.Storages;
using Kata.Guest.Agent.Streams;
using Kata.Guest.Image;
using Kata.Linux;
using Kata.Protocols.Agent;
using Kata.Ttrpc;
using Microsoft.Extensions.Logging;

namespace Kata.Guest.Agent;

/// <summary>The running agent: its parts, and the order in which they come up.</summary>
internal sealed class AgentProgram : IDisposable
{
    /// <summary>How long replies may take to get out at the end.</summary>
    private static readonly TimeSpan _farewell = TimeSpan.FromSeconds(1);

    private readonly AgentOptions _options;
    private readonly LogHub _hub;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop;
    private readonly ReadinessPoller _poller = new();
    private readonly ModuleLoader _modules;
    private readonly OciRuntime _runtime;
    private readonly StorageManager _storages;
    private readonly Sandbox _sandbox;
    private readonly AgentServices _parts;

    public AgentProgram(AgentOptions options, LogHub hub, CancellationToken cancellationToken)
    {
        _options = options;
        _hub = hub;
        _log = hub.CreateLogger("agent");
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _modules = new ModuleLoader(hub.CreateLogger("modules"));
        _runtime = new OciRuntime(GuestImageLayout.Crun, GuestPaths.RuntimeState, hub.CreateLogger("runtime"));

        var disks = new BlockDevices(_poller, _modules.RequireAsync, options.HotplugTimeout);
        var ooms = new OomWatcher(_poller, hub.CreateLogger("oom"));
        _storages = new StorageManager(GuestPaths.Base, disks, _modules.RequireAsync, hub.CreateLogger("storage"));
        var containers = new ContainerManager(_runtime, _storages, disks, _poller, ooms, options.PipeSize, hub.CreateLogger("container"));
        _sandbox = new Sandbox(containers, _storages, _modules, hub.CreateLogger("sandbox"));
        _parts = new AgentServices(
            options, _sandbox, containers, disks, new GuestHardware(_poller, options.HotplugTimeout),
            new GuestNetwork(_poller, options.HotplugTimeout), ooms, Stop);
    }

    /// <summary>Serves until told to stop.</summary>
    public async Task RunAsync()
    {
        var (first, rest) = _options.IsInit ? ModuleLoader.ReadBootList() : ([], []);
        var booted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new TtrpcServer(new TtrpcServerOptions
        {
            Middleware = new RequestGate(booted.Task, _hub.CreateLogger("rpc")).RunAsync,
            Logger = _hub.CreateLogger("ttrpc"),
        });
        new GuestAgentService(_parts).AddTo(server);
        new HealthService().AddTo(server);

        // As little as possible comes before the socket that the runtime waits for; requests wait for the rest.
        _modules.LoadAll(first);
        server.Listen(_options.ServerAddress);
        _log.Listening(AgentVersion.Text, _options.ServerAddress, GuestSystem.UptimeMilliseconds);
        if (_options.IsInit)
        {
            GuestSystem.MountRest(_log);
            _modules.LoadAll(rest);
        }

        Directory.CreateDirectory(GuestPaths.Base);
        _runtime.Prepare();
        booted.SetResult();
        _log.Ready(GuestSystem.UptimeMilliseconds);
        await ServeAsync(server);
    }

    public void Dispose()
    {
        _sandbox.Dispose();
        _storages.Dispose();
        _poller.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync(TtrpcServer server)
    {
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        var logPort = _options.LogPort is { } port
            ? new LogPort(_hub, _poller, _log).RunAsync(Vsock.Listen(port), _stop.Token)
            : Task.Delay(Timeout.Infinite, _stop.Token);
        await logPort.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(Timeout.Infinite, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        using var farewell = new CancellationTokenSource(_farewell);
        await server.ShutdownAsync(farewell.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        Stop(context.Signal.ToString());
    }

    private void Stop(string reason)
    {
        _log.PowerOff(reason);
        _stop.Cancel();
    }
}
