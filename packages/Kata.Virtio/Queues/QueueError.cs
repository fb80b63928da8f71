namespace Kata.Virtio.Queues;

/// <summary>How a driver broke the rules of a split virtqueue. The queue takes nothing more until it is set up anew.</summary>
internal enum QueueError
{
    None,

    /// <summary>The available index ran ahead of the ring.</summary>
    AvailableIndexOutOfRange,

    /// <summary>A descriptor index is not below the size of its table.</summary>
    DescriptorIndexOutOfRange,

    /// <summary>A chain is longer than its table, so it has a loop.</summary>
    ChainLoop,

    /// <summary>A chain has more buffers than the device takes.</summary>
    ChainTooLong,

    /// <summary>A buffer lies outside of the guest's memory.</summary>
    BufferOutOfRange,

    /// <summary>A readable buffer follows a writable one.</summary>
    ReadableAfterWritable,

    /// <summary>An indirect descriptor without the feature.</summary>
    IndirectNotNegotiated,

    /// <summary>An indirect descriptor inside an indirect table.</summary>
    NestedIndirect,

    /// <summary>An indirect descriptor that has a next one.</summary>
    IndirectWithNext,

    /// <summary>An indirect table that is empty, not a multiple of 16 bytes, or longer than the queue.</summary>
    IndirectTableSize,
}
