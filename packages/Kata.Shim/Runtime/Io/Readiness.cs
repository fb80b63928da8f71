using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;
using Kata.Linux;

namespace Kata.Shim.Runtime.Io;

/// <summary>Waits, without a thread of its own, until one descriptor can be read or written. One wait at a time.</summary>
internal sealed class Readiness : IValueTaskSource<bool>, IDisposable
{
    private readonly ReadinessPoller _poller;
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };
    private bool _waiting;
    private bool _disposed;

    internal Readiness(ReadinessPoller poller, SafeHandle descriptor, ulong token) =>
        (_poller, Descriptor, Token) = (poller, descriptor, token);

    internal SafeHandle Descriptor { get; }

    internal ulong Token { get; }

    /// <summary>Completes when the descriptor is ready (true) or this object was disposed (false).</summary>
    internal ValueTask<bool> WaitAsync(EpollEvents events)
    {
        lock (_gate)
        {
            if (_disposed)
                return new(false);
            _source.Reset();
            _waiting = true;
            _poller.Arm(this, events);
            return new(this, _source.Version);
        }
    }

    internal void Signal() => Complete(ready: true);

    /// <summary>Ends a pending wait. The descriptor stays open.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            _poller.Forget(this);
        }

        Complete(ready: false);
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void Complete(bool ready)
    {
        lock (_gate)
        {
            if (!_waiting)
                return;
            _waiting = false;
        }

        _source.SetResult(ready);
    }
}
