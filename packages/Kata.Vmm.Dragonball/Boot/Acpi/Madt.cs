using System.Buffers.Binary;

namespace Kata.Vmm.Dragonball.Boot.Acpi;

/// <summary>The Multiple APIC Description Table: processors and interrupt controllers.</summary>
internal static class Madt
{
    private const byte Revision = 5;
    private const uint LocalApicAddress = 0xFEE0_0000;
    private const uint IoApicAddress = 0xFEC0_0000;
    private const uint Enabled = 1;

    /// <param name="vcpuCount">At most 255: the structure has 8 bits for an APIC id.</param>
    public static byte[] Make(int vcpuCount)
    {
        // No legacy controllers: PCAT_COMPAT is clear.
        var body = new List<byte>();
        Add(body, LocalApicAddress);
        Add(body, 0u);
        for (var id = 0; id < vcpuCount; id++)
        {
            body.AddRange([0, 8, (byte)id, (byte)id]); // processor local APIC
            Add(body, Enabled);
        }

        body.AddRange([1, 12, 0, 0]); // IOAPIC 0 with the interrupts from 0 on
        Add(body, IoApicAddress);
        Add(body, 0u);
        body.AddRange([4, 6, 0xFF, 0, 0, 1]); // NMI at LINT1 of all processors
        return AcpiTable.Make("APIC"u8, Revision, body.ToArray());
    }

    private static void Add(List<byte> body, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        body.AddRange(bytes);
    }
}
