using System.Buffers.Binary;

namespace Kata.Vmm.Dragonball.Boot.Acpi;

/// <summary>A list of resource descriptors (ACPI 6.5, section 6.4), as <c>_CRS</c> returns it.</summary>
internal sealed class ResourceTemplate
{
    private const byte IoPortDescriptor = 0x47;
    private const byte Decode16 = 1;
    private const byte Memory32FixedDescriptor = 0x86;
    private const byte ReadWrite = 1;
    private const byte ExtendedInterruptDescriptor = 0x89;
    private const byte ConsumerEdge = 3; // consumer, edge; active high, exclusive
    private const byte EndTag = 0x79;

    private readonly List<byte> _bytes = [];

    /// <summary>IO (Decode16, first, first, 1, count)</summary>
    public ResourceTemplate Io(ushort first, byte count)
    {
        _bytes.AddRange([IoPortDescriptor, Decode16, (byte)first, (byte)(first >> 8), (byte)first, (byte)(first >> 8), 1, count]);
        return this;
    }

    /// <summary>Memory32Fixed (ReadWrite, address, size)</summary>
    public ResourceTemplate Memory32Fixed(uint address, uint size)
    {
        _bytes.AddRange([Memory32FixedDescriptor, 9, 0, ReadWrite]);
        Add(address);
        Add(size);
        return this;
    }

    /// <summary>Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { gsi }</summary>
    public ResourceTemplate Interrupt(uint gsi)
    {
        _bytes.AddRange([ExtendedInterruptDescriptor, 6, 0, ConsumerEdge, 1]);
        Add(gsi);
        return this;
    }

    /// <summary>The descriptors and the tag that ends them; a checksum of 0 counts as correct.</summary>
    public byte[] ToArray() => [.. _bytes, EndTag, 0];

    private void Add(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _bytes.AddRange(bytes);
    }
}
