using System.Runtime.InteropServices;

namespace Kata.Virtio.Queues;

/// <summary>A descriptor of a split virtqueue (virtio 1.2, 2.7.5), 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Descriptor
{
    public const int Size = 16;

    public ulong Address;
    public uint Length;
    public DescriptorFlags Flags;
    public ushort Next;
}
