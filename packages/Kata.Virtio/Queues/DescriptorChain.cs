namespace Kata.Virtio.Queues;

/// <summary>
/// One request of the driver: what the device may read, then what it may write, as ranges in the <see cref="Memory.BufferList"/> it was
/// popped into.
/// </summary>
internal struct DescriptorChain
{
    /// <summary>Index of the first descriptor: the name under which the chain goes back to the driver.</summary>
    public ushort Head;

    public int ReadableStart;
    public int ReadableCount;
    public long ReadableBytes;

    public int WritableStart;
    public int WritableCount;
    public long WritableBytes;
}
