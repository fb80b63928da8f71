using System.Buffers.Binary;

namespace Kata.Vmm.Dragonball.Boot.Acpi;

/// <summary>The Root System Description Pointer, from which a kernel finds the tables.</summary>
internal static class Rsdp
{
    /// <summary>Bytes.</summary>
    public const int Length = 36;

    private const byte Revision = 2;

    /// <summary>The part that ACPI 1.0 knew and has a checksum of its own.</summary>
    private const int FirstPart = 20;

    public static byte[] Make(ulong xsdt)
    {
        var pointer = new byte[Length];
        "RSD PTR "u8.CopyTo(pointer);
        AcpiTable.Oem.CopyTo(pointer.AsSpan(9));
        pointer[15] = Revision;
        BinaryPrimitives.WriteInt32LittleEndian(pointer.AsSpan(20), Length);
        BinaryPrimitives.WriteUInt64LittleEndian(pointer.AsSpan(24), xsdt);
        pointer[8] = AcpiTable.Checksum(pointer.AsSpan(0, FirstPart));
        pointer[32] = AcpiTable.Checksum(pointer);
        return pointer;
    }
}
