namespace Kata.Virtio.Block;

/// <summary>A request that the kernel works on.</summary>
internal struct BackgroundRequest
{
    public BlockHeader Header;

    /// <summary>Under which the chain goes back.</summary>
    public ushort Head;

    /// <summary>Where the status goes, in host memory.</summary>
    public nint Status;

    /// <summary>Bytes to move.</summary>
    public long Bytes;

    /// <summary>The ranges in guest memory.</summary>
    public int RangeCount;
}
