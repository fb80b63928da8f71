using System.Buffers.Binary;

namespace Kata.Vmm.Dragonball.Boot.Acpi;

/// <summary>The header that all tables but the RSDP share.</summary>
internal static class AcpiTable
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 36;

    private const int ChecksumOffset = 9;

    /// <summary>Six characters.</summary>
    public static ReadOnlySpan<byte> Oem => "KATA  "u8;

    /// <summary>Makes a table of a header and a body.</summary>
    /// <param name="signature">Four characters.</param>
    public static byte[] Make(ReadOnlySpan<byte> signature, byte revision, ReadOnlySpan<byte> body)
    {
        var table = new byte[HeaderLength + body.Length];
        signature.CopyTo(table);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(4), table.Length);
        table[8] = revision;
        Oem.CopyTo(table.AsSpan(10));
        "DRAGONBL"u8.CopyTo(table.AsSpan(16));
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(24), 1);
        "KATA"u8.CopyTo(table.AsSpan(28));
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(32), 1);
        body.CopyTo(table.AsSpan(HeaderLength));
        table[ChecksumOffset] = Checksum(table);
        return table;
    }

    /// <summary>What makes the bytes add up to 0.</summary>
    public static byte Checksum(ReadOnlySpan<byte> data)
    {
        byte sum = 0;
        foreach (var value in data)
            sum += value;
        return (byte)-sum;
    }
}
