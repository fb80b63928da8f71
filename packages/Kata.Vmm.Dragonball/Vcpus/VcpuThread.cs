using Kata.Linux;
using Kata.Vmm.Dragonball.Kvm;
using Kata.Vmm.Dragonball.Machines;

namespace Kata.Vmm.Dragonball.Vcpus;

/// <summary>
/// A vCPU and the thread it runs on. It begins paused. Requests reach the thread by a signal that it blocks and only KVM_RUN lets through:
/// one that comes too early waits, none is lost, and no handler is involved. immediate_exit says the same to KVM without a signal.
/// </summary>
internal sealed unsafe class VcpuThread : IDisposable
{
    private const int StackBytes = 256 * 1024;
    private const int KickSignal = ThreadSignals.FirstFree;

    private readonly int _id;
    private readonly KvmVcpu _vcpu;
    private readonly VcpuExitHandler _exits;
    private readonly GuestEnd _end;
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _requested = new(false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _paused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private VcpuExitCounters _counters;
    private volatile VcpuRequest _request;
    private bool _isStarted;
    private int _threadId;

    /// <param name="id">Its number.</param>
    /// <param name="vcpu">Ready to run; owned from here on.</param>
    /// <param name="exits">Serves the guest.</param>
    /// <param name="end">Told when this vCPU ends the guest, or fails.</param>
    public VcpuThread(int id, KvmVcpu vcpu, VcpuExitHandler exits, GuestEnd end) => (_id, _vcpu, _exits, _end) = (id, vcpu, exits, end);

    /// <summary>The thread's number in the kernel; 0 when it does not run.</summary>
    public int ThreadId => Volatile.Read(ref _threadId);

    /// <summary>How often the guest needed this process so far.</summary>
    public VcpuExitCounts ExitCounts => new(
        Volatile.Read(ref _counters.Io), Volatile.Read(ref _counters.Mmio), Volatile.Read(ref _counters.Interrupted));

    /// <summary>Begins the thread, which inherits the caller's namespaces, and completes when it stands by.</summary>
    /// <exception cref="LinuxException">There can be no further thread.</exception>
    public Task StartAsync()
    {
        BackgroundThread.Start($"vcpu{_id}", StackBytes, RunThread);
        _isStarted = true;
        return _paused.Task;
    }

    /// <summary>Lets the guest run.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            _paused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _request = VcpuRequest.Run;
        }

        _requested.Set();
    }

    /// <summary>Stops the guest; completes when the thread is out of KVM and of all devices, or has ended.</summary>
    public Task PauseAsync()
    {
        lock (_lock)
        {
            Request(VcpuRequest.Pause);
            return Task.WhenAny(_paused.Task, _ended.Task);
        }
    }

    /// <summary>Ends the thread.</summary>
    public Task ExitAsync()
    {
        lock (_lock)
            Request(VcpuRequest.Exit);
        _requested.Set();
        return _isStarted ? _ended.Task : Task.CompletedTask;
    }

    /// <summary>Closes the vCPU. The thread has ended.</summary>
    public void Dispose()
    {
        _requested.Dispose();
        _vcpu.Dispose();
    }

    private void Request(VcpuRequest request)
    {
        _request = request;
        if (_threadId == 0)
            return;
        Volatile.Write(ref _vcpu.Shared->ImmediateExit, 1);
        ThreadSignals.Send(_threadId, KickSignal);
    }

    private void RunThread()
    {
        try
        {
            _vcpu.SetSignalMask(ThreadSignals.Block(KickSignal) & ~ThreadSignals.BitOf(KickSignal));
            Volatile.Write(ref _threadId, ThreadSignals.CurrentThreadId);
            while (ObeyRequest())
                RunGuest();
        }
        catch (Exception e)
        {
            _end.Set(MicroVmExitReason.Failure, $"vCPU {_id} failed: {e.Message}");
        }

        // Whoever sends signals holds the lock: none comes to a thread that is no more.
        lock (_lock)
            _threadId = 0;
        _ended.SetResult();
    }

    /// <summary>Stands by as long as that is wanted; false when the thread shall end.</summary>
    private bool ObeyRequest()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_request != VcpuRequest.Pause)
                    return _request == VcpuRequest.Run && !_end.IsSet;
                _paused.TrySetResult();
            }

            _requested.WaitOne();
        }
    }

    /// <summary>Runs the guest until something else is requested or the guest has ended.</summary>
    private void RunGuest()
    {
        // The guest's watchdogs need not know that they stood still.
        _vcpu.NotifyPaused();
        var run = _vcpu.Shared;
        while (!_end.IsSet)
        {
            if (_vcpu.Run(out var error))
            {
                _exits.Handle(run, ref _counters);
            }
            else if (error is Errno.EINTR or Errno.EAGAIN)
            {
                // EAGAIN: a processor that waits has got its start-up message. Accesses to devices are complete at this point.
                _counters.Interrupted++;
                Volatile.Write(ref run->ImmediateExit, 0);
                ThreadSignals.TryTake(KickSignal);
                Interlocked.MemoryBarrier();
                if (_request != VcpuRequest.Run)
                    return;
            }
            else
            {
                _end.Set(MicroVmExitReason.Failure, $"KVM_RUN of vCPU {_id}: {error}.");
            }
        }
    }
}
