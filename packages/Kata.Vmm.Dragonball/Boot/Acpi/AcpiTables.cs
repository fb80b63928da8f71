using System.Buffers.Binary;

namespace Kata.Vmm.Dragonball.Boot.Acpi;

/// <summary>
/// The ACPI tables of a machine: stock kernels learn of processors, interrupt controllers, virtio-mmio devices and the power switch from
/// nowhere else.
/// </summary>
internal static class AcpiTables
{
    private const ulong Alignment = 16;

    /// <summary>Writes the tables into the BIOS area.</summary>
    /// <returns>The address of the RSDP.</returns>
    /// <exception cref="BootException">They do not fit.</exception>
    public static ulong Write(LowMemory memory, MachineDescription machine)
    {
        var next = BootLayout.AcpiTables + Align(Rsdp.Length);
        var dsdt = Add(memory, ref next, Dsdt.Make(machine));
        var fadt = Add(memory, ref next, Fadt.Make(dsdt, machine.PowerPort));
        var madt = Add(memory, ref next, Madt.Make(machine.VcpuCount));
        var xsdt = Add(memory, ref next, MakeXsdt(fadt, madt));
        memory.Write(BootLayout.AcpiTables, Rsdp.Make(xsdt));
        return BootLayout.AcpiTables;
    }

    private static byte[] MakeXsdt(params ReadOnlySpan<ulong> tables)
    {
        var body = new byte[tables.Length * sizeof(ulong)];
        for (var i = 0; i < tables.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(i * sizeof(ulong)), tables[i]);
        return AcpiTable.Make("XSDT"u8, 1, body);
    }

    private static ulong Add(LowMemory memory, ref ulong next, ReadOnlySpan<byte> table)
    {
        var address = next;
        next += Align((ulong)table.Length);
        if (next > BootLayout.AcpiTablesEnd)
        {
            const ulong room = (BootLayout.AcpiTablesEnd - BootLayout.AcpiTables) >> 10;
            throw new BootException($"The ACPI tables of this machine take more than {room} KiB; give it fewer processors or devices.");
        }

        memory.Write(address, table);
        return address;
    }

    private static ulong Align(ulong length) => (length + Alignment - 1) & ~(Alignment - 1);
}
