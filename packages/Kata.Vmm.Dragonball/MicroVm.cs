using Kata.Abstractions;
using Kata.Vmm.Dragonball.Machines;

namespace Kata.Vmm.Dragonball;

/// <summary>
/// A virtual machine on KVM in this process. Its methods may be called from any thread; those that change its state take turns. It has
/// threads of its own: <c>vmm</c>, one <c>vcpuN</c> for each vCPU, and those of its devices.
/// </summary>
/// <example>
/// <code>
/// await using var vm = MicroVm.Create(new MicroVmOptions
/// {
///     KernelPath = "/boot/vmlinuz",
///     InitrdPath = "/boot/initrd.img",
///     ConsoleOutput = Console.OpenStandardOutput(),
/// });
/// await vm.StartAsync();
/// var exit = await vm.Exited;
/// </code>
/// </example>
public sealed partial class MicroVm : IAsyncDisposable
{
    private static readonly TimeSpan DefaultGrace = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly TaskCompletionSource<MicroVmExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly BootClock _clock = new();
    private readonly MicroVmOptions _options;
    private volatile Machine? _machine;
    private VmmThread? _thread;
    private TimeSpan _grace = DefaultGrace;
    private int _state;

    private MicroVm(MicroVmOptions options) => _options = options;

    /// <summary>Checks the options. Takes nothing of the host yet.</summary>
    /// <exception cref="MicroVmOptionException">An option cannot have its value; names the option and what is allowed.</exception>
    public static MicroVm Create(MicroVmOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        MicroVmOptionsCheck.Validate(options);
        return new MicroVm(options);
    }

    /// <summary>What a microVM will miss on this host; empty when everything is there.</summary>
    public static IReadOnlyList<HostFinding> CheckHost() => HostCheck.Run();

    /// <summary>Where it is in its life.</summary>
    public MicroVmState State
    {
        get => (MicroVmState)Volatile.Read(ref _state);
        private set => Volatile.Write(ref _state, (int)value);
    }

    /// <summary>Completes when the guest has ended and nothing of the host is held any more, whatever ended it. Never faults.</summary>
    public Task<MicroVmExit> Exited => _exited.Task;

    /// <summary>The boot's milestones so far.</summary>
    public MicroVmTimeline Timeline => _clock.Read();

    /// <summary>Kernel ids of the threads that run the guest, by vCPU: for cgroups and affinity. Empty when it does not run.</summary>
    public IReadOnlyList<int> VcpuThreadIds =>
        State is MicroVmState.Running or MicroVmState.Paused ? [.. _machine!.Vcpus.Select(vcpu => vcpu.ThreadId).Where(id => id != 0)] : [];

    /// <summary>How often each vCPU left the guest so far. Empty before the start.</summary>
    public IReadOnlyList<VcpuExitCounts> VcpuExits => _machine is { } machine && State != MicroVmState.Created
        ? [.. machine.Vcpus.Select(vcpu => vcpu.ExitCounts)]
        : [];

    /// <summary>Makes the machine and lets the guest run. Returns then, not when the guest has booted.</summary>
    /// <exception cref="MicroVmException">The host lacks something, or it was started before. Nothing is left half-made.</exception>
    /// <exception cref="HypervisorException">Kernel or initrd cannot be loaded.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        using var turn = await TakeTurnAsync(cancellationToken).ConfigureAwait(false);
        if (State != MicroVmState.Created)
            throw WrongState("A microVM is started once; make another one.");
        _clock.Start();
        _machine = new Machine(_options, _clock);
        try
        {
            await BuildAsync(_machine, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            await EndAsync(_machine, MicroVmExitReason.Failure, e.Message).ConfigureAwait(false);
            throw;
        }

        State = MicroVmState.Running;
        _machine.ResumeVcpus();
        MachineLog.Runs(_options.Logger);
        _ = WatchAsync(_machine);
    }

    /// <summary>Stops the vCPUs where they are, then the devices. Does nothing when they stand still already.</summary>
    /// <exception cref="MicroVmException">It does not run.</exception>
    public async Task PauseAsync(CancellationToken cancellationToken = default)
    {
        using var turn = await TakeTurnAsync(cancellationToken).ConfigureAwait(false);
        if (State is not (MicroVmState.Running or MicroVmState.Paused))
            throw WrongState("Only a microVM that runs can be paused.");
        if (State == MicroVmState.Paused)
            return;
        var machine = _machine!;
        if (await UnlessEndedAsync(machine, PauseAsync(machine)).ConfigureAwait(false))
            State = MicroVmState.Paused;
    }

    /// <summary>Lets devices and vCPUs go on. Does nothing when they run.</summary>
    /// <exception cref="MicroVmException">It was not started, or has ended.</exception>
    public async Task ResumeAsync(CancellationToken cancellationToken = default)
    {
        using var turn = await TakeTurnAsync(cancellationToken).ConfigureAwait(false);
        if (State is not (MicroVmState.Running or MicroVmState.Paused))
            throw WrongState("Only a microVM that is paused can be resumed.");
        if (State == MicroVmState.Running)
            return;
        var machine = _machine!;
        if (!await UnlessEndedAsync(machine, _thread!.InvokeAsync(machine.ResumeDevices)).ConfigureAwait(false))
            return;
        State = MicroVmState.Running;
        machine.ResumeVcpus();
    }

    /// <summary>Ends the guest at once, without asking it, and frees everything. Does nothing when it has ended.</summary>
    /// <param name="grace">How long devices may take to write out what they hold.</param>
    public async Task StopAsync(TimeSpan grace, CancellationToken cancellationToken = default)
    {
        const string detail = "The host stopped it.";
        // Before its turn: who has the turn may wait for the machine, and need not any more.
        if (State is MicroVmState.Running or MicroVmState.Paused)
        {
            _grace = grace;
            _machine!.End.Set(MicroVmExitReason.Stopped, detail);
        }

        using (await TakeTurnAsync(cancellationToken).ConfigureAwait(false))
        {
            _grace = grace;
            if (State == MicroVmState.Created)
            {
                State = MicroVmState.Ended;
                _exited.TrySetResult(new MicroVmExit(MicroVmExitReason.Stopped, "It was never started.", ""));
            }
            else
            {
                // It never had one when it was stopped before.
                _machine?.End.Set(MicroVmExitReason.Stopped, detail);
            }
        }

        await Exited.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Types into the guest's console: the virtio console if there is one, otherwise the serial port. Waits for the guest to read.
    /// </summary>
    /// <exception cref="MicroVmException">It does not run.</exception>
    public async Task WriteConsoleAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken = default)
    {
        if (State is not (MicroVmState.Running or MicroVmState.Paused))
            throw WrongState("Only a microVM that runs has a console.");
        try
        {
            await _machine!.TypeAsync(input, cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDisposedException e)
        {
            throw new MicroVmException("The microVM ended before the guest had read it.", e, KataErrorKind.Unavailable);
        }
    }

    /// <summary>Connects to a port of the guest's vsock.</summary>
    /// <returns>The connection; disposing it closes the guest's end.</returns>
    /// <exception cref="MicroVmException">There is no vsock device, it does not run, or nobody listens there.</exception>
    public async Task<Stream> ConnectVsockAsync(uint port, CancellationToken cancellationToken = default)
    {
        if (_options.Vsock is not { } vsock)
        {
            throw new MicroVmException(
                $"The microVM has no vsock device; set {nameof(MicroVmOptions.Vsock)}.", null, KataErrorKind.FailedPrecondition);
        }

        if (State is not (MicroVmState.Running or MicroVmState.Paused))
            throw WrongState("Only a microVM that runs has a vsock.");
        return await HybridVsockClient.ConnectAsync(vsock.HybridSocketPath, port, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops it and waits until nothing is left.</summary>
    public async ValueTask DisposeAsync()
    {
        if (State != MicroVmState.Ended)
            await StopAsync(DefaultGrace, CancellationToken.None).ConfigureAwait(false);
        await Exited.ConfigureAwait(false);
    }
}
