using System.Runtime.InteropServices;

namespace Kata.Virtio.Block;

/// <summary>
/// struct virtio_blk_config (virtio 1.2, 5.2.4) as far as it is used, 60 bytes, little-endian like every host this runs on.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct BlockConfiguration
{
    public const int Size = 60;
    public const int WriteBackOffset = 32;

    /// <summary>In sectors of 512 bytes, as everything that is called sectors.</summary>
    [FieldOffset(0)] public ulong Capacity;
    [FieldOffset(12)] public uint SegmentsMax;
    [FieldOffset(20)] public uint BlockSize;

    /// <summary>Logical blocks per physical block, as a power of two.</summary>
    [FieldOffset(24)] public byte PhysicalBlockExponent;

    /// <summary>In logical blocks.</summary>
    [FieldOffset(26)] public ushort MinIoSize;
    [FieldOffset(WriteBackOffset)] public byte WriteBack;
    [FieldOffset(34)] public ushort QueueCount;
    [FieldOffset(36)] public uint MaxDiscardSectors;
    [FieldOffset(40)] public uint MaxDiscardSegments;
    [FieldOffset(44)] public uint DiscardAlignmentSectors;
    [FieldOffset(48)] public uint MaxWriteZeroesSectors;
    [FieldOffset(52)] public uint MaxWriteZeroesSegments;
    [FieldOffset(56)] public byte WriteZeroesMayUnmap;
}
