namespace Kata.Virtio.Block;

/// <summary>How a request went (virtio 1.2, 5.2.6).</summary>
internal enum BlockStatus : byte
{
    Ok = 0,
    IoError = 1,
    Unsupported = 2,
}
