using Kata.Virtio.Queues;

namespace Kata.Virtio.Vsock;

internal sealed partial class VsockDevice
{
    /// <summary>Takes packets from the guest. True when the budget ended before the queue.</summary>
    private bool Transmit(SplitQueue queue)
    {
        queue.DisableNotifications();
        for (var i = 0; i < Budget; i++)
        {
            _chainBuffers.Truncate(0);
            switch (queue.TryPop(_chainBuffers, out var chain))
            {
                case PopResult.Chain when chain.WritableBytes == 0:
                    TakePacket(chain);
                    queue.PushUsed(chain.Head, 0);
                    break;
                case PopResult.Empty:
                    if (queue.EnableNotifications())
                    {
                        queue.DisableNotifications();
                        break;
                    }

                    queue.Publish();
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

    private void TakePacket(in DescriptorChain chain)
    {
        // The header is copied once, so that what is checked is what is used.
        var copied = _chainBuffers.CopyTo(chain.ReadableStart, chain.ReadableCount, 0, _header);
        var header = VsockHeader.Read(_header);
        if (copied < VsockHeader.Size || header.Length > chain.ReadableBytes - VsockHeader.Size
            || header.SourceCid != _guestCid || header.DestinationCid != VsockLimits.HostCid)
        {
            if (_malformedGate.TryPass(out var suppressed))
                VsockLog.MalformedPacket(_logger, suppressed);
            return;
        }

        _payload.Truncate(0);
        _payload.AppendPart(_chainBuffers, chain.ReadableStart, chain.ReadableCount, VsockHeader.Size, header.Length);
        _muxer.OnPacket(header, _payload.Slice(0, _payload.Count));
    }
}
