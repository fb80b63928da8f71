using System.Buffers.Binary;

namespace Kata.Vmm.Dragonball.Boot.Acpi;

/// <summary>
/// The Fixed ACPI Description Table of a hardware-reduced machine: no PM timer, no fixed events, one port to reset and power off.
/// </summary>
internal static class Fadt
{
    private const int Length = 276;
    private const byte Revision = 6;
    private const byte MinorRevision = 5;

    /// <summary>No VGA, no CMOS clock; and, by omission, no 8042, which kernels otherwise look for at length.</summary>
    private const ushort BootArchitecture = 0x24;

    private const uint WriteBackInvalidate = 1 << 0;
    private const uint NoPowerButton = 1 << 4;
    private const uint NoSleepButton = 1 << 5;
    private const uint NoFixedRtc = 1 << 6;
    private const uint ResetRegister = 1 << 10;
    private const uint HardwareReduced = 1 << 20;
    private const byte IoSpace = 1;

    public static byte[] Make(ulong dsdt, ushort powerPort)
    {
        Span<byte> table = stackalloc byte[Length];
        table.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(table[109..], BootArchitecture);
        BinaryPrimitives.WriteUInt32LittleEndian(
            table[112..], WriteBackInvalidate | NoPowerButton | NoSleepButton | NoFixedRtc | ResetRegister | HardwareReduced);
        WriteAddress(table[116..], powerPort);
        table[128] = MachineDescription.ResetValue;
        table[131] = MinorRevision;
        BinaryPrimitives.WriteUInt64LittleEndian(table[140..], dsdt);
        WriteAddress(table[244..], powerPort); // sleep control
        WriteAddress(table[256..], powerPort); // sleep status
        return AcpiTable.Make("FACP"u8, Revision, table[AcpiTable.HeaderLength..]);
    }

    /// <summary>A generic address structure of one byte.</summary>
    private static void WriteAddress(Span<byte> destination, ushort port)
    {
        const byte bits = 8;
        const byte byteAccess = 1;
        destination[0] = IoSpace;
        destination[1] = bits;
        destination[3] = byteAccess;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[4..], port);
    }
}
