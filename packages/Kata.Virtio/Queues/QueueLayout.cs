using Kata.Virtio.Memory;

namespace Kata.Virtio.Queues;

/// <summary>Where a driver put a split virtqueue, in guest-physical addresses, and what was negotiated for it.</summary>
internal readonly record struct QueueLayout
{
    /// <summary>Entries: a power of two, at most 32768.</summary>
    public required ushort Size { get; init; }

    public required ulong DescriptorTable { get; init; }

    public required ulong AvailableRing { get; init; }

    public required ulong UsedRing { get; init; }

    /// <summary>VIRTIO_F_EVENT_IDX.</summary>
    public bool EventIndex { get; init; }

    /// <summary>VIRTIO_F_INDIRECT_DESC.</summary>
    public bool Indirect { get; init; }

    /// <summary>
    /// Where the parts are mapped here. False when the size or an alignment (2.7) is wrong, or a part does not lie within one region of
    /// memory.
    /// </summary>
    public unsafe bool TryResolve(GuestMemory memory, out byte* descriptors, out byte* available, out byte* used)
    {
        descriptors = available = used = null;
        if (Size is 0 or > SplitQueue.MaxSize || (Size & (Size - 1)) != 0)
            return false;
        if ((DescriptorTable & 15) != 0 || (AvailableRing & 1) != 0 || (UsedRing & 3) != 0)
            return false;
        descriptors = memory.TryGetPointer(DescriptorTable, (ulong)Size * Descriptor.Size);
        available = memory.TryGetPointer(AvailableRing, 6 + ((ulong)Size * 2));
        used = memory.TryGetPointer(UsedRing, 6 + ((ulong)Size * 8));
        return descriptors != null && available != null && used != null;
    }
}
