using System.Diagnostics.CodeAnalysis;
using Kata.Abstractions;
using Kata.Linux;
using Kata.Protocols.Agent;
using Kata.Shim.Agent;
using Kata.Shim.Configuration;
using Kata.Shim.Persistence;
using Kata.Shim.Resources;
using Kata.Shim.Resources.HostHooks;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Runtime;

/// <summary>One VM with its agent and its resources on the host: booted by <see cref="StartAsync"/>, gone after <see cref="CleanUpAsync"/>.</summary>
[SuppressMessage("Design", "CA1001", Justification = "CleanUpAsync releases what it owns.")]
internal sealed partial class Sandbox
{
    /// <summary>Long enough for the VMM to close its files; there is nothing in the guest that a clean power-off would save.</summary>
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(1);

    private readonly SandboxRequest _request;
    private readonly IReadOnlyList<IHypervisorProvider> _providers;
    private readonly SandboxPaths _paths;
    private readonly ITaskEvents _events;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource<SandboxLoss> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private SandboxState? _state;
    private KataConfiguration? _configuration;
    private IHypervisor? _hypervisor;
    private SandboxResources? _resources;
    private AgentClient? _agent;
    private Task? _stop;
    private Task? _cleanUp;

    internal Sandbox(SandboxRequest request, IReadOnlyList<IHypervisorProvider> providers, SandboxPaths paths, ITaskEvents events, ILogger logger) =>
        (_request, _providers, _paths, _events, _logger) = (request, providers, paths, events, logger);

    internal string Id => _request.Id;

    /// <summary>The agent of the running guest.</summary>
    internal AgentClient Agent => _agent ?? throw new KataException(KataErrorKind.FailedPrecondition, $"Sandbox {Id} has no running guest.");

    /// <summary>The process that is the VM; 0 before it runs.</summary>
    internal int VmProcessId { get; private set; }

    /// <summary>Completes when nothing can run here any more, whatever the reason. Never faults.</summary>
    internal Task<SandboxLoss> Lost => _lost.Task;

    /// <summary>Boots the VM. When this fails, everything taken so far has been given back.</summary>
    /// <exception cref="KataException">What failed, with the VMM's last words where it had some.</exception>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        var timer = new PhaseTimer(_logger);
        try
        {
            ReserveState();
            var provider = LoadConfiguration();
            timer.Completed("configuration");
            await PrepareAsync(provider, cancellationToken);
            timer.Completed("prepare");
            await _hypervisor!.StartAsync(cancellationToken);
            VmProcessId = _hypervisor.State.MainProcessId;
            SaveState();
            RuntimeLog.VmRuns(_logger, provider.Name, VmProcessId);
            timer.Completed("vmm");
            _agent = await AgentClient.ConnectAsync(_hypervisor.GuestEndpoint, _configuration!.Agent, _hypervisor.Exited, _logger, cancellationToken);
            timer.Completed("guest");
            await ConfigureGuestAsync(cancellationToken);
            timer.Completed("sandbox");
            _ = WatchAsync();
            _ = WatchMemoryAsync();
        }
        catch (Exception exception)
        {
            var explained = await ExplainAsync(exception);
            await CleanUpAsync();
            if (explained != exception)
                throw explained;
            throw;
        }
    }

    /// <summary>Prepares the host side of a container: root file system, volumes, and the request for the agent.</summary>
    internal ValueTask<ContainerResources> AddContainerAsync(ContainerRequest request, CancellationToken cancellationToken) =>
        _resources!.AddContainerAsync(request, cancellationToken);

    /// <summary>Runs a container's hooks of one stage. Hooks that fail are logged.</summary>
    internal async Task RunHooksAsync(HookStage stage, ContainerRequest request) =>
        await _resources!.RunHooksAsync(stage, request, VmProcessId, CancellationToken.None);

    /// <summary>Ends the VM. Everything that runs in it ends with it. Safe to call at any time, any number of times.</summary>
    internal Task StopAsync(string reason)
    {
        lock (_gate)
            return _stop ??= StopOnceAsync(reason);
    }

    /// <summary>Ends the VM and removes every trace of the sandbox from the host. Never throws.</summary>
    internal Task CleanUpAsync()
    {
        lock (_gate)
            return _cleanUp ??= CleanUpOnceAsync();
    }

    private void ReserveState()
    {
        if (SandboxStateFile.Load(_paths) is { } other && ProcessTable.StartTimeOf(other.Daemon.Pid) == other.Daemon.StartTime)
        {
            throw new KataException(
                KataErrorKind.AlreadyExists, $"Sandbox {Id} exists already in namespace {other.Namespace}, served by process {other.Daemon.Pid} (see {_paths.StateFile}).");
        }

        _state = new SandboxState
        {
            Namespace = _request.Namespace,
            SandboxId = Id,
            Bundle = _request.Bundle,
            Daemon = new ProcessIdentity(Environment.ProcessId, ProcessTable.StartTimeOf(Environment.ProcessId) ?? 0),
            VmDirectory = _paths.VmDirectory,
        };
        SaveState();
    }

    private IHypervisorProvider LoadConfiguration()
    {
        _configuration = ConfigurationLoader.Load(
            new ConfigurationRequest
            {
                ConfigPath = _request.ConfigPath,
                KataConfFile = Environment.GetEnvironmentVariable("KATA_CONF_FILE"),
                Spec = _request.Spec,
                Annotations = _request.Spec.Annotations ?? new Dictionary<string, string>(),
            },
            _providers);
        foreach (var warning in _configuration.Warnings)
            RuntimeLog.ConfigurationWarning(_logger, warning);
        _state = _state! with { KeepAbnormal = _configuration.Runtime.KeepAbnormal };
        foreach (var provider in _providers)
        {
            if (provider.Name == _configuration.HypervisorName)
                return provider;
        }

        throw new InvalidOperationException("The loader accepts only hypervisors that are there.");
    }

    private async Task PrepareAsync(IHypervisorProvider provider, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_paths.VmDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var configuration = _configuration!.Hypervisor;
        _resources = new SandboxResources(new SandboxContext
        {
            SandboxId = Id,
            Configuration = _configuration,
            Capabilities = provider.GetCapabilities(configuration),
            RunDirectory = _paths.VmDirectory,
            Spec = _request.Spec,
            SaveState = SaveState,
            SharedRoot = _paths.SharedRoot,
            Logger = _logger,
        });
        await _resources.OpenAsync(cancellationToken);
        _hypervisor = provider.Create(new HypervisorContext
        {
            SandboxId = Id,
            Configuration = configuration,
            RunDirectory = _paths.VmDirectory,
            NetworkNamespacePath = _resources.NetworkNamespacePath,
            CgroupPaths = _resources.CgroupPaths,
            Annotations = _request.Spec.Annotations ?? new Dictionary<string, string>(),
            Logger = _logger,
        });
        await _hypervisor.PrepareAsync(cancellationToken);
        SaveState();
        await _resources.PrepareAsync(_hypervisor, cancellationToken);
    }

    private async Task ConfigureGuestAsync(CancellationToken cancellationToken)
    {
        if (_configuration!.Agent.Policy.Length > 0)
            await _agent!.SetPolicyAsync(new SetPolicyRequest { Policy = _configuration.Agent.Policy }, cancellationToken);
        await _resources!.ConfigureGuestAsync(_agent!, _request.Bundle, VmProcessId, cancellationToken);
        await _agent!.CreateSandboxAsync(_resources.BuildCreateSandboxRequest(), cancellationToken);
    }

    private void SaveState()
    {
        lock (_gate)
        {
            _state = _state! with { Hypervisor = _hypervisor?.State, Resources = _resources?.State };
            SandboxStateFile.Save(_paths, _state);
        }
    }

    /// <summary>The error of a failed start with what the VMM has to say, which is usually the reason.</summary>
    private async Task<Exception> ExplainAsync(Exception exception)
    {
        if (exception is OperationCanceledException || _hypervisor is null || !_hypervisor.Exited.IsCompleted)
            return exception;
        var exit = await _hypervisor.Exited;
        if (exit.Detail.Length == 0 || exception.Message.Contains(exit.Detail, StringComparison.Ordinal))
            return exception;
        var kind = (exception as KataException)?.Kind ?? KataErrorKind.Internal;
        return new KataException(kind, $"{exception.Message} The VMM's last words: {exit.Detail}", exception);
    }

    private async Task StopOnceAsync(string reason)
    {
        // Off the caller's lock before anything else runs.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        _lost.TrySetResult(new SandboxLoss(reason, Expected: true));
        await _stopping.CancelAsync();
        if (_hypervisor is not null)
            await TryAsync("Stopping the VM", () => _hypervisor.StopAsync(StopGrace, CancellationToken.None));
        if (_agent is not null)
            await TryAsync("Closing the connection to the agent", _agent.DisposeAsync);
    }

    private async Task CleanUpOnceAsync()
    {
        await StopAsync("The sandbox was stopped.");
        if (_configuration is { Runtime.KeepAbnormal: true } && await _lost.Task is { Expected: false })
        {
            RuntimeLog.KeptAbnormal(_logger, _paths.Directory);
            return;
        }

        if (_resources is not null)
            await TryAsync("Removing the sandbox's resources", _resources.DisposeAsync);
        if (_hypervisor is not null)
            await TryAsync("Removing the VM", _hypervisor.DisposeAsync);
        if (_state is not null)
        {
            await TryAsync("Removing the sandbox's directory", () =>
            {
                SandboxStateFile.Remove(_paths);
                return ValueTask.CompletedTask;
            });
        }
    }

    private async ValueTask TryAsync(string action, Func<ValueTask> step)
    {
        try
        {
            await step();
        }
#pragma warning disable CA1031 // One step that fails must not stop the others.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            RuntimeLog.CleanUpFailed(_logger, exception, action);
        }
    }
}
