using Kata.Abstractions;
using Kata.Abstractions.Capabilities;
using Kata.Abstractions.Configuration;
using Kata.Abstractions.Devices;
using Kata.Linux;
using Kata.Linux.Cgroups;
using Microsoft.Extensions.Logging;

namespace Kata.Vmm.Dragonball.Adapter;

/// <summary>One VM inside the runtime's own process: it dies with it, and a SIGKILL of the process leaves nothing of the VM.</summary>
internal sealed partial class DragonballHypervisor(HypervisorContext context) : IHypervisor, IPausable
{
    private readonly TaskCompletionSource<VmExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private MicroVm? _vm;
    private bool _stopping;

    public Task<VmExit> Exited => _exited.Task;

    public GuestEndpoint GuestEndpoint => new HybridVsockGuestEndpoint(SocketPath);

    public HypervisorState State => new()
    {
        Provider = DragonballProvider.ProviderName,
        MainProcessId = _vm is null ? 0 : Environment.ProcessId,
        // There is none besides the runtime's, which a clean-up ends as what it is and must not take for a VMM that was left over.
        Processes = [],
        VcpuThreadIds = _vm?.VcpuThreadIds ?? [],
    };

    private HypervisorConfiguration Configuration => context.Configuration;

    private string SocketPath => $"{context.RunDirectory}/kata.hvsock";

    private MicroVm Running => _vm ?? throw new HypervisorException("The VM is not running.", null, KataErrorKind.FailedPrecondition);

    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        // A shared directory takes one for each file that the guest knows, and containerd starts its shims with 1024.
        CurrentProcess.RaiseDescriptorLimit();
        foreach (var finding in MicroVm.CheckHost())
        {
            if (finding.IsFatal)
                throw new HypervisorException(finding.Problem, null, KataErrorKind.FailedPrecondition);
            AdapterLog.HostFinding(context.Logger, finding.Problem);
        }

        if (Configuration.Image.Length > 0)
            await AddDeviceAsync(new BlockDevice { Id = "image", HostPath = Configuration.Image, ReadOnly = true }, cancellationToken);
    }

    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        var begin = context.TimeProvider.GetTimestamp();
        JoinCgroups();
        MicroVm vm;
        lock (_gate)
        {
            if (_stopping)
                throw new HypervisorException("The VM was stopped before it started.", null, KataErrorKind.FailedPrecondition);
            if (_vm is not null)
                throw new HypervisorException("The VM was started already.", null, KataErrorKind.FailedPrecondition);
            _vm = vm = MicroVm.Create(MakeOptions());
        }

        try
        {
            RetireHeap();
            await vm.StartAsync(cancellationToken);
        }
        catch (Exception exception)
        {
            _exited.TrySetResult(
                _stopping ? new VmExit(VmExitReason.Stopped, 0) : new VmExit(VmExitReason.VmmFailure, 1, exception.Message));
            throw;
        }

        _ = WatchAsync(vm);
        var elapsed = context.TimeProvider.GetElapsedTime(begin);
        AdapterLog.Started(context.Logger, vm.VcpuThreadIds.Count, Configuration.MemoryMib, elapsed.TotalMilliseconds);
    }

    /// <summary>
    /// What the process's start has left is moved to the oldest generation while no guest runs: later that would be the longest pause of
    /// all collections. The first moves it halfway.
    /// </summary>
    private static void RetireHeap()
    {
        GC.Collect();
        GC.Collect();
    }

    /// <summary>The guest is not asked: whoever wants its side in order tells the agent first.</summary>
    public async ValueTask StopAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        MicroVm? vm;
        lock (_gate)
        {
            _stopping = true;
            vm = _vm;
        }

        if (vm is not null)
            await vm.StopAsync(grace, cancellationToken);
    }

    public async ValueTask PauseAsync(CancellationToken cancellationToken) => await Running.PauseAsync(cancellationToken);

    public async ValueTask ResumeAsync(CancellationToken cancellationToken) => await Running.ResumeAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        MicroVm? vm;
        lock (_gate)
        {
            _stopping = true;
            vm = _vm;
        }

        if (vm is not null)
            await vm.DisposeAsync();
        _exited.TrySetResult(new VmExit(VmExitReason.Stopped, 0));
    }

    /// <summary>
    /// The whole process goes where the VM belongs, not only its threads: memory is charged to a process, and version 2 keeps the threads
    /// of a process together.
    /// </summary>
    private void JoinCgroups()
    {
        foreach (var directory in context.CgroupPaths)
        {
            try
            {
                Cgroup.AddProcess(directory, Environment.ProcessId);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new HypervisorException($"The VM cannot join the cgroup {directory}: {exception.Message}", exception);
            }
        }
    }

    private async Task WatchAsync(MicroVm vm) => _exited.TrySetResult(VmExitReport.Make(await vm.Exited));
}
