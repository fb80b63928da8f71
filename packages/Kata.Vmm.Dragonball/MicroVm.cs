namespace Kata.Vmm.Dragonball;

/// <summary>
/// A virtual machine on KVM in this process. Its methods may be called from any thread; those that change its state take turns.
/// </summary>
public sealed class MicroVm : IAsyncDisposable
{
    private MicroVm()
    {
    }

    /// <summary>Checks the options. Takes nothing of the host yet.</summary>
    /// <exception cref="MicroVmOptionException">An option cannot have its value; names the option and what is allowed.</exception>
    public static MicroVm Create(MicroVmOptions options) => throw new NotSupportedException();

    /// <summary>What a microVM will miss on this host; empty when everything is there.</summary>
    public static IReadOnlyList<HostFinding> CheckHost() => throw new NotSupportedException();

    /// <summary>Where it is in its life.</summary>
    public MicroVmState State => throw new NotSupportedException();

    /// <summary>Completes when the guest has ended and nothing of the host is held any more, whatever ended it. Never faults.</summary>
    public Task<MicroVmExit> Exited => throw new NotSupportedException();

    /// <summary>The boot's milestones so far.</summary>
    public MicroVmTimeline Timeline => throw new NotSupportedException();

    /// <summary>Kernel ids of the threads that run the guest, by vCPU: for cgroups and affinity. Empty when it does not run.</summary>
    public IReadOnlyList<int> VcpuThreadIds => throw new NotSupportedException();

    /// <summary>Makes the machine and lets the guest run. Returns then, not when the guest has booted.</summary>
    /// <exception cref="MicroVmException">The host lacks something, or it was started before. Nothing is left half-made.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Stops the vCPUs where they are. Does nothing when they stand still already.</summary>
    /// <exception cref="MicroVmException">It does not run.</exception>
    public Task PauseAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Lets the vCPUs go on. Does nothing when they run.</summary>
    /// <exception cref="MicroVmException">It was not started, or has ended.</exception>
    public Task ResumeAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Ends the guest at once, without asking it, and frees everything. Does nothing when it has ended.</summary>
    /// <param name="grace">How long devices may take to write out what they hold.</param>
    public Task StopAsync(TimeSpan grace, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Types into the guest's serial port.</summary>
    /// <returns>How many bytes were taken: fewer when the guest does not read.</returns>
    public int WriteConsole(ReadOnlySpan<byte> data) => throw new NotSupportedException();

    /// <summary>Connects to a port of the guest's vsock.</summary>
    /// <exception cref="MicroVmException">There is no vsock device, it does not run, or nobody listens there.</exception>
    public Task<Stream> ConnectVsockAsync(uint port, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Stops it and waits until nothing is left.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
