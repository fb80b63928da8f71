namespace Kata.Virtio.Queues;

/// <summary>Flags of a descriptor (virtio 1.2, 2.7.5).</summary>
[Flags]
internal enum DescriptorFlags : ushort
{
    None = 0,

    /// <summary>The chain goes on at <see cref="Descriptor.Next"/>.</summary>
    Next = 1,

    /// <summary>For the device to write; without it, to read.</summary>
    Write = 2,

    /// <summary>The buffer is a table of descriptors.</summary>
    Indirect = 4,
}
