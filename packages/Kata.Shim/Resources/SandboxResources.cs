using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Linux;
using Kata.Protocols.Agent;
using Kata.Protocols.Oci;
using Kata.Shim.Agent;
using Kata.Shim.Configuration;
using Kata.Shim.Resources.Cgroups;
using Kata.Shim.Resources.Devices;
using Kata.Shim.Resources.Guest;
using Kata.Shim.Resources.HostHooks;
using Kata.Shim.Resources.Network;
using Kata.Shim.Resources.Rootfs;
using Kata.Shim.Resources.SharedFs;
using Kata.Shim.Resources.Volumes;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Resources;

/// <summary>
/// Everything a sandbox holds on the host besides its VM. Life cycle: <see cref="OpenAsync"/> (what the VMM is born into) →
/// <see cref="PrepareAsync"/> (devices, before the VM starts) → <see cref="ConfigureGuestAsync"/> → containers →
/// <see cref="DisposeAsync"/>, after the VM has ended. Disposing after a failure in any of these removes what had been taken.
/// </summary>
internal sealed class SandboxResources : IAsyncDisposable
{
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(2);

    private readonly SandboxContext _context;
    private readonly ResourceJournal _journal;
    private readonly Teardown _teardown;
    private readonly HookRunner _hooks;
    private readonly TaskCompletionSource<string> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IHypervisor? _hypervisor;
    private SharedDirectory? _shared;
    private SandboxNetwork? _network;
    private ContainerRootfs? _rootfs;
    private ContainerVolumes? _volumes;
    private ContainerDevices? _devices;

    public SandboxResources(SandboxContext context)
    {
        _context = context;
        _journal = new ResourceJournal(context.SaveState);
        _teardown = new Teardown(context.Logger);
        _hooks = new HookRunner(context.Logger);
    }

    /// <summary>What to write to disk; see <see cref="SandboxContext.SaveState"/>.</summary>
    public SandboxResourceState State => _journal.State;

    /// <summary>The network namespace the VMM must run in; null for the runtime's own. Valid after <see cref="OpenAsync"/>.</summary>
    public string? NetworkNamespacePath { get; private set; }

    /// <summary>The cgroup directories the VMM must join; empty when it is born in the right ones. Valid after <see cref="OpenAsync"/>.</summary>
    public IReadOnlyList<string> CgroupPaths { get; private set; } = [];

    /// <summary>Completes when something the guest depends on has ended, with a sentence that says what. Never faults.</summary>
    public Task<string> Failed => _failed.Task;

    /// <summary>Takes what processes of the sandbox are born into: the cgroup, which this process joins, and the network namespace.</summary>
    /// <exception cref="KataException">The network namespace cannot be used.</exception>
    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        // Joining takes the kernel some milliseconds, during which the thread sleeps.
        var joining = Task.Run(JoinCgroup, cancellationToken);
        try
        {
            OpenNetworkNamespace();
        }
        finally
        {
            await joining.ConfigureAwait(false);
        }
    }

    /// <summary>Prepares the shared directory and the network, and adds their devices to the VM.</summary>
    /// <exception cref="KataException">Something the configuration asks for is not possible.</exception>
    public async ValueTask PrepareAsync(IHypervisor hypervisor, CancellationToken cancellationToken)
    {
        _hypervisor = hypervisor;
        var configuration = _context.Configuration;
        var directIo = configuration.Hypervisor.OtherKeys.GetValueOrDefault("block_device_cache_direct") == "true";
        var disks = new GuestDisks(hypervisor, configuration.HypervisorName, _context.Capabilities, directIo);
        _teardown.Push("disks", disks.Dispose);
        await ShareAsync(hypervisor, cancellationToken).ConfigureAwait(false);
        _rootfs = new ContainerRootfs(_shared, disks);
        _volumes = new ContainerVolumes(_shared is null ? null : new SharedVolumes(_shared), disks, _context.Logger);
        _devices = new ContainerDevices(disks, _context.Logger);
        if (_network is not null)
            await _network.ConnectAsync(hypervisor, running: false, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The request that sets the guest up.</summary>
    public CreateSandboxRequest BuildCreateSandboxRequest() =>
        SandboxSettings.MakeRequest(_context.SandboxId, _context.Spec, _context.Configuration, _shared is not null);

    /// <summary>
    /// Runs the hooks that may change the network, and tells the guest about its network.
    /// </summary>
    /// <param name="agent">The guest.</param>
    /// <param name="bundle">The bundle of the sandbox's first container.</param>
    /// <param name="vmProcessId">The pid hooks are told.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask ConfigureGuestAsync(AgentClient agent, string bundle, int vmProcessId, CancellationToken cancellationToken)
    {
        var request = new ContainerRequest { Id = _context.SandboxId, Bundle = bundle, Spec = _context.Spec };
        var ran = await RunHooksAsync(HookStage.Prestart, request, vmProcessId, cancellationToken).ConfigureAwait(false)
            + await RunHooksAsync(HookStage.CreateRuntime, request, vmProcessId, cancellationToken).ConfigureAwait(false);
        if (_network is null)
            return;
        if (ran > 0)
            await _network.ConnectAsync(_hypervisor!, running: true, cancellationToken).ConfigureAwait(false);
        await _network.ConfigureGuestAsync(agent, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Prepares a container: root file system, volumes, devices. When this fails, nothing of it stays.</summary>
    /// <exception cref="KataException">The bundle asks for something that is not there or not possible.</exception>
    public async ValueTask<ContainerResources> AddContainerAsync(ContainerRequest request, CancellationToken cancellationToken)
    {
        if (_rootfs is null || _volumes is null || _devices is null)
            throw new InvalidOperationException("The sandbox is not prepared.");
        var teardown = new Teardown(_context.Logger);
        try
        {
            var (rootPath, rootStorages) = await _rootfs.AddAsync(request, teardown, cancellationToken).ConfigureAwait(false);
            var (mounts, volumeStorages) =
                await _volumes.AddAsync(request.Spec.Mounts, request.Bundle, teardown, cancellationToken).ConfigureAwait(false);
            var devices = await _devices.AddAsync(request.Spec.Linux, teardown, cancellationToken).ConfigureAwait(false);
            var message = new CreateContainerRequest
            {
                ContainerId = request.Id,
                OCI = GuestSpec.Make(request, rootPath, mounts, _context.Configuration).ToAgent(),
                SandboxPidns = GuestSpec.SharesPidNamespace(request.Spec),
            };
            message.Storages.AddRange(rootStorages);
            message.Storages.AddRange(volumeStorages);
            message.Devices.AddRange(devices);
            return new ContainerResources(message, teardown);
        }
        catch
        {
            await teardown.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Runs the hooks of one stage for a container. Hooks that fail are logged.</summary>
    /// <returns>How many ran.</returns>
    public ValueTask<int> RunHooksAsync(HookStage stage, ContainerRequest request, int vmProcessId, CancellationToken cancellationToken)
    {
        var state = new State
        {
            OciVersion = request.Spec.OciVersion,
            Id = request.Id,
            Status = stage switch
            {
                HookStage.Poststart => "running",
                HookStage.Poststop => "stopped",
                _ => "creating",
            },
            Pid = stage == HookStage.Poststop ? 0 : vmProcessId,
            Bundle = request.Bundle,
            Annotations = request.Spec.Annotations,
        };
        return _hooks.RunAsync(stage, request.Spec.Hooks, state, NetworkNamespacePath, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _teardown.DisposeAsync();

    /// <summary>Removes what a killed runtime left. Succeeds when nothing is left.</summary>
    public static async ValueTask CleanUpAsync(SandboxResourceState state, ILogger logger, CancellationToken cancellationToken)
    {
        await using var steps = new Teardown(logger);
        // Run in reverse: processes hold mounts, mounts hold directories.
        steps.Push("cgroups", () => SandboxCgroup.RemoveAsync(state, logger, cancellationToken));
        if (state.Network is { } network)
        {
            steps.Push("network namespace", () => RemoveNetworkNamespace(network));
            steps.Push("TAP devices", () => SandboxNetwork.Disconnect(network));
        }

        if (state.SharedDirectory is { } directory)
            steps.Push($"shared directory {directory}", () => SharedDirectory.Remove(directory, logger));
        foreach (var process in state.Processes)
            steps.Push($"process {process.Pid}", () => ProcessTable.KillAndWait(process.Pid, process.StartTime, KillTimeout));
    }

    private void JoinCgroup()
    {
        var configured = _context.Spec.Linux?.CgroupsPath;
        if (CgroupPath.Of(configured) is not { } path)
            return;
        try
        {
            var overhead = _context.Configuration.Runtime.SandboxCgroupOnly ? null : CgroupPath.OverheadOf(configured!, _context.SandboxId);
            var cgroup = SandboxCgroup.Join(path, overhead, _journal);
            CgroupPaths = cgroup.PathsToJoin;
            _teardown.Push("cgroup", () => cgroup.DisposeAsync(_context.Logger));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Limits of the pod do not apply then; the VM itself is as isolated as ever.
            ResourcesLog.NoCgroup(_context.Logger, _context.SandboxId, exception.Message);
        }
    }

    private void OpenNetworkNamespace()
    {
        var runtime = _context.Configuration.Runtime;
        var choice = NetworkNamespaceChoice.Of(_context.Spec, runtime, _context.RunDirectory, _context.Logger);
        if (choice.Path is not { } path)
            return;
        var network = new NetworkState { NamespacePath = path, Owned = choice.Make };
        _journal.Record(state => state with { Network = network });
        if (choice.Make)
        {
            _teardown.Push("network namespace", () => RemoveNetworkNamespace(network));
            try
            {
                OwnedNetworkNamespace.Create(path);
            }
            catch (LinuxException exception)
            {
                throw new KataException(KataErrorKind.Internal, $"A network namespace cannot be made: {exception.Message}", exception);
            }
        }

        NetworkNamespacePath = path;
        if (runtime.NetworkModel != NetworkModel.TcFilter)
            return;
        _network = new SandboxNetwork(path, _context.Configuration.Hypervisor.NetworkQueues, _journal, _context.Logger);
        _teardown.Push("TAP devices", () => SandboxNetwork.Disconnect(State.Network!));
    }

    private static void RemoveNetworkNamespace(NetworkState network)
    {
        if (network.Owned)
            OwnedNetworkNamespace.Remove(network.NamespacePath);
    }

    private async ValueTask ShareAsync(IHypervisor hypervisor, CancellationToken cancellationToken)
    {
        var configuration = _context.Configuration.SharedFs;
        var needed = configuration.Kind switch
        {
            SharedFsKind.VirtioFs => HypervisorCapabilities.SharedFileSystem,
            SharedFsKind.InlineVirtioFs => HypervisorCapabilities.InlineSharedFileSystem,
            _ => HypervisorCapabilities.None,
        };
        // A hypervisor that cannot share takes block devices only; containers that need more fail with a reason.
        if (needed == HypervisorCapabilities.None || !_context.Capabilities.HasFlag(needed))
            return;
        var path = $"{_context.SharedRoot}/{_context.SandboxId}";
        _journal.Record(state => state with { SharedDirectory = path });
        _teardown.Push($"shared directory {path}", () => SharedDirectory.Remove(path, _context.Logger));
        try
        {
            _shared = SharedDirectory.Create(path);
        }
        catch (IOException exception)
        {
            throw new KataException(KataErrorKind.Internal, $"The directory shared with the guest cannot be made: {exception.Message}", exception);
        }

        var device = new SharedFileSystemDevice { Id = "shared", Tag = GuestPaths.SharedTag, QueueSize = configuration.QueueSize };
        device = configuration.Kind == SharedFsKind.VirtioFs
            ? device with { SocketPath = await StartDaemonAsync(configuration, cancellationToken).ConfigureAwait(false) }
            : device with { HostPath = _shared.ExportedPath, Cache = CacheOf(configuration) };
        await hypervisor.AddDeviceAsync(device, cancellationToken).ConfigureAwait(false);
    }

    private static SharedFileSystemCache CacheOf(SharedFsConfiguration configuration) => configuration.Cache switch
    {
        "never" => SharedFileSystemCache.Never,
        "always" => SharedFileSystemCache.Always,
        _ => SharedFileSystemCache.Auto,
    };

    private async ValueTask<string> StartDaemonAsync(SharedFsConfiguration configuration, CancellationToken cancellationToken)
    {
        var socketPath = $"{_context.RunDirectory}/virtiofsd.sock";
        var daemon = await VirtioFsDaemon.StartAsync(configuration, _shared!.ExportedPath, socketPath, _context.Logger, cancellationToken)
            .ConfigureAwait(false);
        _teardown.Push("virtiofsd", daemon.DisposeAsync);
        _journal.Record(state => state with { Processes = [.. state.Processes, daemon.Identity] });
        _ = daemon.Failed.ContinueWith(
            (ended, failed) => ((TaskCompletionSource<string>)failed!).TrySetResult(ended.GetAwaiter().GetResult()), _failed, TaskScheduler.Default);
        return socketPath;
    }
}
