using Kata.Virtio.Queues;

namespace Kata.Virtio.Console;

internal sealed partial class ConsoleDevice
{
    private const int InputBudget = 16;

    private readonly ConsoleInput _input = new();
    private SplitQueue? _receive;
    private bool _receiveStarved;
    private bool _hasInput;
    private int _inputPosted;

    private bool CanReceive => _receive is not null && _hasInput && !_receiveStarved && !_isBroken;

    private void PostInput()
    {
        if (Interlocked.Exchange(ref _inputPosted, 1) == 0)
            _loop.Post(_inputArrived);
    }

    private void OnInput()
    {
        Volatile.Write(ref _inputPosted, 0);
        _hasInput = true;
    }

    /// <summary>Gives the guest what was typed.</summary>
    private void Receive(SplitQueue queue)
    {
        queue.DisableNotifications();
        for (var i = 0; i < InputBudget && CanReceive; i++)
        {
            _buffers.Truncate(0);
            switch (queue.TryPop(_buffers, out var chain))
            {
                case PopResult.Chain when chain is { ReadableBytes: 0, WritableBytes: > 0 }:
                    Deliver(queue, chain);
                    break;
                case PopResult.Empty:
                    if (queue.EnableNotifications())
                        queue.DisableNotifications();
                    else
                        _receiveStarved = true;
                    break;
                case PopResult.Chain:
                    Break("receive", "a buffer is readable or empty");
                    break;
                default:
                    Break("receive", queue.Error.ToString());
                    break;
            }
        }

        queue.Publish();
    }

    private void Deliver(SplitQueue queue, in DescriptorChain chain)
    {
        var count = _input.Read(_piece.AsSpan(0, (int)Math.Min(chain.WritableBytes, PieceBytes)));
        if (count == 0)
        {
            _hasInput = false;
            queue.Unpop(1);
            return;
        }

        _buffers.CopyFrom(chain.WritableStart, chain.WritableCount, _piece.AsSpan(0, count));
        queue.PushUsed(chain.Head, (uint)count);
    }
}
