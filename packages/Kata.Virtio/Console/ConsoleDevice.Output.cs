using Kata.Virtio.Events;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Console;

internal sealed partial class ConsoleDevice
{
    private const int PieceBytes = 4096;

    /// <summary>Output of one round: input gets its turn after that.</summary>
    private const int OutputBudget = 64 * 1024;

    private const int OutputBuffersBudget = 64;
    private const long RetryMilliseconds = 5;

    private SplitQueue? _transmit;
    private bool _transmitPending;

    /// <summary>Bytes of the next buffer that were taken already.</summary>
    private long _taken;

    /// <summary>The output takes nothing: since when, or 0.</summary>
    private long _refusedSince;
    private bool _isWaiting;
    private bool _isDropping;
    private LogGate _dropGate;

    public long Deadline { get; private set; } = long.MaxValue;

    private bool CanTransmit => _transmitPending && _transmit is not null && !_isWaiting && !_isBroken;

    public void OnDeadline(long now) => SetWaiting(false);

    /// <summary>Takes output from the guest. True when something is left: the budget is over, or nobody takes the output now.</summary>
    private bool Transmit(SplitQueue queue)
    {
        queue.DisableNotifications();
        var budget = OutputBudget;
        for (var i = 0; i < OutputBuffersBudget && budget > 0; i++)
        {
            _buffers.Truncate(0);
            switch (queue.TryPop(_buffers, out var chain))
            {
                case PopResult.Chain when chain.WritableBytes == 0:
                    if (!Write(chain, ref budget))
                    {
                        queue.Unpop(1);
                        queue.Publish();
                        return true;
                    }

                    _taken = 0;
                    queue.PushUsed(chain.Head, 0);
                    break;
                case PopResult.Empty:
                    queue.Publish();
                    if (!queue.EnableNotifications())
                        return false;
                    queue.DisableNotifications();
                    break;
                case PopResult.Chain:
                    Break("transmit", "a buffer is writable");
                    return false;
                default:
                    Break("transmit", queue.Error.ToString());
                    return false;
            }
        }

        queue.Publish();
        return true;
    }

    /// <summary>Hands a buffer on. False when that stopped before its end: for fairness, or because the output takes no more.</summary>
    private bool Write(in DescriptorChain chain, ref int budget)
    {
        while (_taken < chain.ReadableBytes)
        {
            if (budget <= 0)
                return false;
            var length = _buffers.CopyTo(chain.ReadableStart, chain.ReadableCount, _taken, _piece);
            var count = Math.Clamp(_options.Output(_piece.AsSpan(0, length)), 0, length);
            budget -= length;
            _taken += count;
            if (count > 0)
                (_refusedSince, _isDropping) = (0, false);
            else if (!WaitOrDrop())
                return false;
            else
                return true;
        }

        return true;
    }

    /// <summary>True when the rest of the buffer is dropped, because the guest has waited long enough.</summary>
    private bool WaitOrDrop()
    {
        if (_isDropping)
            return true;
        var now = Environment.TickCount64;
        if (_refusedSince == 0)
            _refusedSince = now;
        if (now - _refusedSince < _options.OutputTimeout.TotalMilliseconds)
        {
            SetWaiting(true);
            return false;
        }

        _isDropping = true;
        if (_dropGate.TryPass(out var suppressed))
            ConsoleLog.OutputDropped(_options.Logger, now - _refusedSince, suppressed);
        return true;
    }

    private void SetWaiting(bool isWaiting)
    {
        _isWaiting = isWaiting;
        Deadline = isWaiting ? Environment.TickCount64 + RetryMilliseconds : long.MaxValue;
    }
}
