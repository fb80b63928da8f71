using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Guest.Agent.Streams;

/// <summary>Waits for one descriptor, for one caller at a time. A wait may end early: the caller tries again and waits again.</summary>
internal sealed class Readiness : IDisposable
{
    private readonly ReadinessPoller _poller;
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiter;
    private bool _over;

    internal Readiness(ReadinessPoller poller, SafeHandle descriptor, ulong token)
    {
        _poller = poller;
        Descriptor = descriptor;
        Token = token;
    }

    internal SafeHandle Descriptor { get; }

    internal ulong Token { get; }

    /// <summary>Completes when the descriptor has one of the events, an error or a hang-up, or when waiting is over.</summary>
    public Task WaitAsync(EpollEvents events, CancellationToken cancellationToken)
    {
        Task task;
        lock (_gate)
        {
            if (_over)
                return Task.CompletedTask;
            _waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            task = _waiter.Task;
            _poller.Arm(this, events);
        }

        return cancellationToken.CanBeCanceled ? task.WaitAsync(cancellationToken) : task;
    }

    /// <summary>Ends the present wait and every later one.</summary>
    public void Finish()
    {
        lock (_gate)
            _over = true;
        Signal();
    }

    internal void Signal()
    {
        TaskCompletionSource? waiter;
        lock (_gate)
            (waiter, _waiter) = (_waiter, null);
        waiter?.TrySetResult();
    }

    /// <summary>Stops watching. The descriptor stays open.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _over = true;
            _poller.Forget(this);
        }

        Signal();
    }
}
