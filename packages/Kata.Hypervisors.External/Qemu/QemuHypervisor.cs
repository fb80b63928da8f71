using Kata.Abstractions;
using Kata.Abstractions.Capabilities;
using Kata.Abstractions.Configuration;
using Kata.Abstractions.Devices;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Hypervisors.External.Qemu.Devices;
using Kata.Hypervisors.External.Qemu.Processes;
using Kata.Hypervisors.External.Qemu.Qmp;
using Kata.Linux;
using Microsoft.Extensions.Logging;

namespace Kata.Hypervisors.External.Qemu;

/// <summary>One VM in one QEMU process.</summary>
internal partial class QemuHypervisor : IHypervisor, IPausable
{
    /// <summary>A loaded host may take seconds to start QEMU, never this long.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    private readonly HypervisorContext _context;
    private readonly TaskCompletionSource<VmExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly PciSlots _slots;
    private Accelerator? _accelerator;
    private VsockChannel? _vsock;
    private QemuProcess? _process;
    private QmpClient? _qmp;
    private IReadOnlyList<int> _vcpuThreadIds = [];
    private volatile string? _shutdownReason;
    private volatile bool _stopping;
    private bool _disposed;

    public QemuHypervisor(HypervisorContext context)
    {
        _context = context;
        Machine = QemuMachine.Of(context.Configuration);
        _slots = new PciSlots(Machine.CanHotplug ? context.Configuration.Bridges : 0);
    }

    public Task<VmExit> Exited => _exited.Task;

    public GuestEndpoint GuestEndpoint => _vsock?.Endpoint ?? throw NotPrepared();

    public HypervisorState State => new()
    {
        Provider = QemuProvider.ProviderName,
        MainProcessId = _process?.Identity.Pid ?? 0,
        Processes = _process is { } process ? [process.Identity] : [],
        VcpuThreadIds = _vcpuThreadIds,
    };

    protected HypervisorConfiguration Configuration => _context.Configuration;

    protected ILogger Logger => _context.Logger;

    protected TimeProvider Time => _context.TimeProvider;

    protected QemuMachine Machine { get; }

    /// <summary>The host's KVM executes the guest.</summary>
    protected bool IsKvm => _accelerator?.IsKvm == true;

    /// <summary>The guest's memory is shared with other processes.</summary>
    protected bool SharedMemory { get; private set; }

    /// <summary>The monitor of the running VM.</summary>
    protected QmpClient Qmp => _qmp ?? throw new HypervisorException("The VM is not running.", null, KataErrorKind.FailedPrecondition);

    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        _accelerator = Accelerator.Detect();
        if (_accelerator.WhyNotKvm is { } reason)
            QemuLog.SoftwareEmulation(Logger, reason);
        if (Configuration.Image.Length > 0)
            await AddDeviceAsync(new BlockDevice { Id = "image", HostPath = Configuration.Image, ReadOnly = true }, cancellationToken);
        _vsock = OpenVsock();
    }

    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        var begin = Time.GetTimestamp();
        var accelerator = _accelerator ?? throw NotPrepared();
        var process = Launch(accelerator);
        _ = WatchAsync(process);
        try
        {
            _qmp = await QmpClient.ConnectAsync(process.Qmp, OnEvent, Logger, Time, StartTimeout, cancellationToken);
            await ReadVcpuThreadsAsync(cancellationToken);
        }
        catch (Exception exception)
        {
            process.Kill();
            var status = await process.DrainAsync();
            // When QEMU ended by itself, it has said why.
            if (exception is not HypervisorException { Kind: KataErrorKind.Unavailable } || _stopping)
                throw;
            throw new HypervisorException(VmExitReport.StartFailure(status, process.Errors.Lines), exception);
        }

        QemuLog.Started(Logger, process.Identity.Pid, Machine.Type, accelerator.Name, Time.GetElapsedTime(begin).TotalMilliseconds);
    }

    /// <summary>
    /// QEMU is asked to quit, which flushes its disks, and killed when it has not within <paramref name="grace"/>. The guest is not asked:
    /// whoever wants its side in order tells the agent first.
    /// </summary>
    public async ValueTask StopAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        QemuProcess? process;
        lock (_gate)
        {
            _stopping = true;
            process = _process;
        }

        if (process is null || _exited.Task.IsCompleted)
            return;
        if (grace > TimeSpan.Zero && _qmp is { } qmp)
        {
            try
            {
                await QuitAsync(qmp, cancellationToken).WaitAsync(grace, Time, cancellationToken);
                return;
            }
            catch (TimeoutException)
            {
                QemuLog.Killing(Logger, grace.TotalSeconds);
            }
        }

        process.Kill();
        await _exited.Task.WaitAsync(cancellationToken);
    }

    public async ValueTask PauseAsync(CancellationToken cancellationToken) =>
        await Qmp.ExecuteAsync("stop", cancellationToken: cancellationToken);

    public async ValueTask ResumeAsync(CancellationToken cancellationToken) =>
        await Qmp.ExecuteAsync("cont", cancellationToken: cancellationToken);

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        await StopAsync(TimeSpan.Zero, CancellationToken.None);
        _exited.TrySetResult(new VmExit(VmExitReason.Stopped, 0));
        if (_qmp is { } qmp)
            await qmp.DisposeAsync();
        _process?.Dispose();
        if (_vsock is { } vsock)
            await vsock.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Brings <see cref="HypervisorState.VcpuThreadIds"/> up to date.</summary>
    protected async Task ReadVcpuThreadsAsync(CancellationToken cancellationToken)
    {
        var cpus = await Qmp.ExecuteAsync("query-cpus-fast", QmpJson.Default.VcpuInfoArray, null, cancellationToken);
        _vcpuThreadIds = [.. cpus.OrderBy(cpu => cpu.CpuIndex).Select(cpu => cpu.ThreadId)];
    }

    private static HypervisorException NotPrepared() => new("The VM is not prepared.", null, KataErrorKind.FailedPrecondition);

    private QemuProcess Launch(Accelerator accelerator)
    {
        var launch = new QemuLaunch
        {
            SandboxId = _context.SandboxId,
            Configuration = Configuration,
            Machine = Machine,
            Accelerator = accelerator,
            TscKilohertz = accelerator.IsKvm ? null : CpuInfo.Read().TscKilohertz(),
            Slots = _slots,
            Vsock = _vsock ?? throw NotPrepared(),
            Devices = _devices,
        };
        SharedMemory = launch.SharedMemory;
        using var arguments = new QemuArguments();
        QemuCommandLine.Build(launch, arguments);
        if (Logger.IsEnabled(LogLevel.Debug))
            QemuLog.Starting(Logger, Configuration.Path, string.Join(' ', arguments.Arguments));
        try
        {
            lock (_gate)
            {
                if (_stopping)
                    throw new HypervisorException("The VM was stopped before it started.", null, KataErrorKind.FailedPrecondition);
                if (_process is not null)
                    throw new HypervisorException("The VM was started already.", null, KataErrorKind.FailedPrecondition);
                return _process = QemuProcess.Start(Configuration.Path, arguments, _context);
            }
        }
        catch (IOException exception)
        {
            throw new HypervisorException($"QEMU cannot be started: {exception.Message}", exception);
        }
    }

    private async Task QuitAsync(QmpClient qmp, CancellationToken cancellationToken)
    {
        try
        {
            await qmp.ExecuteAsync("quit", cancellationToken: cancellationToken);
        }
        catch (HypervisorException)
        {
            // It went away while it was asked.
        }

        await _exited.Task.WaitAsync(cancellationToken);
    }

    private async Task WatchAsync(QemuProcess process)
    {
        // What QEMU said before it ended may still have to be read.
        var status = await process.DrainAsync(() => _qmp?.Closed ?? Task.CompletedTask);
        var exit = VmExitReport.Make(_stopping, _shutdownReason, status, process.Panic, process.Errors.Lines, process.Console.Lines);
        QemuLog.Ended(Logger, process.Identity.Pid, exit.Reason, exit.Status, exit.Reason == VmExitReason.Stopped ? "" : exit.Detail);
        _exited.TrySetResult(exit);
    }

    private void OnEvent(QmpEvent @event)
    {
        if (@event.Name == "SHUTDOWN")
            _shutdownReason ??= @event.Text("reason");
        else if (@event.Name == "GUEST_PANICKED")
            _shutdownReason = "guest-panic";
    }
}
