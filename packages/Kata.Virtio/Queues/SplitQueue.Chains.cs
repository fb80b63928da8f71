using System.Runtime.CompilerServices;
using Kata.Virtio.Memory;

namespace Kata.Virtio.Queues;

internal sealed unsafe partial class SplitQueue
{
    /// <summary>Takes the next chain; its buffers are appended to <paramref name="buffers"/>.</summary>
    public PopResult TryPop(BufferList buffers, out DescriptorChain chain)
    {
        chain = default;
        if (Error != QueueError.None)
            return PopResult.Broken;
        var pending = (ushort)(Volatile.Read(ref AvailableIndex) - _nextAvailable);
        if (pending == 0)
            return PopResult.Empty;
        Error = pending > Size ? QueueError.AvailableIndexOutOfRange : Walk(AvailableEntry(_nextAvailable), buffers, ref chain);
        if (Error != QueueError.None)
            return PopResult.Broken;
        _nextAvailable++;
        return PopResult.Chain;
    }

    /// <summary>Puts the last <paramref name="count"/> chains back, as if they had not been taken.</summary>
    public void Unpop(int count) => _nextAvailable -= (ushort)count;

    private QueueError Walk(ushort head, BufferList buffers, ref DescriptorChain chain)
    {
        chain.Head = head;
        chain.ReadableStart = chain.WritableStart = buffers.Count;
        var table = _descriptors;
        uint tableSize = Size;
        var index = (uint)head;
        for (var hops = 0u; ; hops++)
        {
            if (index >= tableSize)
                return QueueError.DescriptorIndexOutOfRange;
            if (hops == tableSize)
                return QueueError.ChainLoop;
            // SAFETY: the index is below the size of a table that was checked as a whole. One copy: what is judged is what is used.
            var descriptor = Unsafe.ReadUnaligned<Descriptor>(table + (index * Descriptor.Size));
            if ((descriptor.Flags & DescriptorFlags.Indirect) != 0)
            {
                if (table != _descriptors)
                    return QueueError.NestedIndirect;
                var error = EnterIndirect(descriptor, out table, out tableSize);
                if (error != QueueError.None)
                    return error;
                // The table is walked from its first entry (2.7.5.3.3); what preceded it in the ring stays part of the chain.
                index = 0;
                hops = uint.MaxValue;
                continue;
            }

            var added = Append(descriptor, buffers, ref chain);
            if (added != QueueError.None)
                return added;
            if ((descriptor.Flags & DescriptorFlags.Next) == 0)
                return QueueError.None;
            index = descriptor.Next;
        }
    }

    private QueueError EnterIndirect(in Descriptor descriptor, out byte* table, out uint tableSize)
    {
        table = null;
        tableSize = descriptor.Length / Descriptor.Size;
        if (!_layout.Indirect)
            return QueueError.IndirectNotNegotiated;
        if ((descriptor.Flags & DescriptorFlags.Next) != 0)
            return QueueError.IndirectWithNext;
        if (tableSize == 0 || tableSize > Size || descriptor.Length % Descriptor.Size != 0)
            return QueueError.IndirectTableSize;
        table = _memory.TryGetPointer(descriptor.Address, descriptor.Length);
        return table == null ? QueueError.BufferOutOfRange : QueueError.None;
    }

    private QueueError Append(in Descriptor descriptor, BufferList buffers, ref DescriptorChain chain)
    {
        var before = buffers.Count;
        if (!_memory.TryAppend(descriptor.Address, descriptor.Length, buffers))
            return buffers.Count == BufferList.Capacity ? QueueError.ChainTooLong : QueueError.BufferOutOfRange;
        var added = buffers.Count - before;
        if ((descriptor.Flags & DescriptorFlags.Write) != 0)
        {
            chain.WritableCount += added;
            chain.WritableBytes += descriptor.Length;
        }
        else
        {
            if (chain.WritableCount > 0)
                return QueueError.ReadableAfterWritable;
            chain.ReadableCount += added;
            chain.ReadableBytes += descriptor.Length;
            chain.WritableStart = buffers.Count;
        }

        return QueueError.None;
    }
}
