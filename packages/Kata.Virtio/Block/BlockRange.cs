using System.Runtime.InteropServices;

namespace Kata.Virtio.Block;

/// <summary>struct virtio_blk_discard_write_zeroes (virtio 1.2, 5.2.6), 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BlockRange
{
    public const int Size = 16;

    public ulong Sector;
    public uint SectorCount;

    /// <summary>Bit 0: the space may be given back.</summary>
    public uint Flags;
}
