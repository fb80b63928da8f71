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
}
