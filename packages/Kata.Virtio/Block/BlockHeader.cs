using System.Runtime.InteropServices;

namespace Kata.Virtio.Block;

/// <summary>The beginning of struct virtio_blk_req (virtio 1.2, 5.2.6), 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BlockHeader
{
    public const int Size = 16;

    public BlockRequestType Type;
    public uint Reserved;
    public ulong Sector;
}
