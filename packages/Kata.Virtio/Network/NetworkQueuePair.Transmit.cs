using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Network;

internal sealed partial class NetworkQueuePair
{
    private readonly BufferList _transmitBuffers = new();
    private readonly BufferList _frame = new();
    private bool _transmitBlocked;
    private LogGate _malformedGate;
    private LogGate _refusedGate;

    /// <summary>Takes frames from the guest. True when something is left: the budget is over, or the TAP takes nothing now.</summary>
    private bool Transmit(SplitQueue queue)
    {
        queue.DisableNotifications();
        for (var i = 0; i < NetworkLimits.Budget; i++)
        {
            _transmitBuffers.Truncate(0);
            switch (queue.TryPop(_transmitBuffers, out var chain))
            {
                case PopResult.Chain when chain.WritableBytes == 0:
                    if (!Send(chain))
                    {
                        queue.Unpop(1);
                        queue.Publish();
                        _transmitBlocked = true;
                        Watch();
                        return true;
                    }

                    queue.PushUsed(chain.Head, 0);
                    break;
                case PopResult.Empty:
                    queue.Publish();
                    if (queue.EnableNotifications())
                    {
                        queue.DisableNotifications();
                        break;
                    }

                    return false;
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

    /// <summary>Sends a frame, or drops it. False when the TAP device is congested.</summary>
    private bool Send(in DescriptorChain chain)
    {
        // The header is copied once, so that what is checked is what the kernel sees.
        ref var header = ref _host.Header;
        var bytes = MemoryMarshal.AsBytes(new Span<NetworkHeader>(ref header));
        var payload = chain.ReadableBytes - NetworkHeader.Size;
        _frame.Truncate(0);
        _frame.TryAdd(_host.HeaderRange);
        if (chain.ReadableBytes is < NetworkLimits.MinFrameBytes or > NetworkLimits.MaxFrameBytes
            || _transmitBuffers.CopyTo(chain.ReadableStart, chain.ReadableCount, 0, bytes) < NetworkHeader.Size
            || !header.IsAcceptable(_device.Negotiated, payload)
            || _frame.AppendPart(_transmitBuffers, chain.ReadableStart, chain.ReadableCount, NetworkHeader.Size, payload) != payload)
        {
            if (_malformedGate.TryPass(out var suppressed))
                NetworkLog.MalformedFrame(_device.Logger, suppressed);
            return true;
        }

        if (!_device.IsLinkUp)
            return true;
        var result = TapDevice.Send(_tap, _frame.Slice(0, _frame.Count));
        if (result == -(int)Errno.EAGAIN)
            return false;
        if (result < 0 && _refusedGate.TryPass(out var refused))
            NetworkLog.FrameRefused(_device.Logger, _device.TapName, (Errno)(-result), refused);
        return true;
    }
}
