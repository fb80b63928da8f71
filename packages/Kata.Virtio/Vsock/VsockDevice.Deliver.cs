using System.Runtime.CompilerServices;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Vsock;

internal sealed partial class VsockDevice
{
    /// <summary>Gives the guest what the muxer has. True when the budget ended before the packets.</summary>
    private bool Deliver(SplitQueue queue)
    {
        var budget = Budget;
        while (budget > 0 && _muxer.HasPackets)
        {
            _chainBuffers.Truncate(0);
            var popped = PopReceiveChain(queue, out var chain);
            if (popped == PopResult.Empty && queue.EnableNotifications())
            {
                budget--;
                continue;
            }

            if (popped != PopResult.Chain)
            {
                _receiveStarved = true;
                break;
            }

            queue.DisableNotifications();
            if (!_muxer.TryTakePacket(out var header, out var source))
            {
                queue.Unpop(1);
                break;
            }

            if (source is null)
            {
                WritePacket(queue, chain, header);
                budget--;
            }
            else
            {
                budget -= DeliverData(queue, source, chain);
            }
        }

        if (_isBroken)
            return false;
        queue.Publish();
        return !_receiveStarved && _muxer.HasPackets;
    }

    /// <summary>
    /// One read from the host socket into as many of the guest's buffers as it gives. Returns the packets made, at least 1 for the attempt.
    /// </summary>
    private int DeliverData(SplitQueue queue, VsockConnection source, in DescriptorChain first)
    {
        var limit = Math.Min(source.GuestCredit, VsockLimits.MaxBurstBytes);
        var chains = default(ChainArray);
        var capacities = default(CapacityArray);
        chains[0] = first;
        var count = 1;
        _payload.Truncate(0);
        var total = capacities[0] = AppendRoom(first, limit);
        // Half of the list always has room for one more chain.
        while (total < limit && count < VsockLimits.MaxBurstPackets && _chainBuffers.Count <= BufferList.Capacity / 2
            && PopReceiveChain(queue, out chains[count]) == PopResult.Chain)
        {
            capacities[count] = AppendRoom(chains[count], limit - total);
            total += capacities[count++];
        }

        if (_isBroken)
            return 1;
        long received = _muxer.Receive(source, _payload.Slice(0, _payload.Count));
        var used = 0;
        for (; received > 0; used++)
        {
            var length = Math.Min(received, capacities[used]);
            WritePacket(queue, chains[used], source.MakeHeader(_guestCid, VsockOperation.Data, (uint)length));
            received -= length;
        }

        queue.Unpop(count - used);
        return Math.Max(used, 1);
    }

    private long AppendRoom(in DescriptorChain chain, long limit) =>
        _payload.AppendPart(_chainBuffers, chain.WritableStart, chain.WritableCount, VsockHeader.Size, limit);

    private PopResult PopReceiveChain(SplitQueue queue, out DescriptorChain chain)
    {
        var result = queue.TryPop(_chainBuffers, out chain);
        if (result == PopResult.Broken)
            Break("receive", queue.Error.ToString());
        else if (result == PopResult.Chain && (chain.ReadableBytes > 0 || chain.WritableBytes <= VsockHeader.Size))
            Break("receive", "a buffer is readable or has no room for a packet");
        return _isBroken ? PopResult.Broken : result;
    }

    private void WritePacket(SplitQueue queue, in DescriptorChain chain, in VsockHeader header)
    {
        header.Write(_header);
        _chainBuffers.CopyFrom(chain.WritableStart, chain.WritableCount, _header);
        queue.PushUsed(chain.Head, VsockHeader.Size + header.Length);
    }

    [InlineArray(VsockLimits.MaxBurstPackets)]
    private struct ChainArray
    {
        private DescriptorChain _first;
    }

    [InlineArray(VsockLimits.MaxBurstPackets)]
    private struct CapacityArray
    {
        private long _first;
    }
}
