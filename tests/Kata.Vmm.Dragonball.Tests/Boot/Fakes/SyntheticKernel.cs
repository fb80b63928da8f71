using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kata.Vmm.Dragonball.Boot.Images;

namespace Kata.Vmm.Dragonball.Tests.Boot.Fakes;

/// <summary>Small images with the headers of kernels.</summary>
internal static class SyntheticKernel
{
    public const ulong Address = 0x20_0000;
    public const int PayloadLength = 0x3000;
    public const uint InitSize = 0x10_0000;

    /// <summary>A bzImage that wants to lie at 2 MiB and needs 1 MiB.</summary>
    public static byte[] BzImage()
    {
        const int setupSectors = 1;
        const int payloadAt = (setupSectors + 1) * 512;
        var image = new byte[payloadAt + PayloadLength];
        image[0x1F1] = setupSectors;
        Put(image, 0x1F4, (uint)PayloadLength / 16);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x1FE), 0xAA55);
        image[0x200] = 0xEB;
        image[0x201] = 0x6A;
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x206), 0x020F);
        image[0x211] = 1;
        Put(image, 0x22C, 0x7FFF_FFFF);
        Put(image, 0x230, 0x20_0000);
        image[0x236] = 0x7F;
        Put(image, 0x238, 2047);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(0x258), Address);
        Put(image, 0x260, InitSize);
        for (var i = 0; i < PayloadLength; i++)
            image[payloadAt + i] = (byte)(i * 7);
        return image;
    }

    /// <summary>An ELF executable with one segment at 2 MiB of 0x3000 bytes, and 0x1000 zeros after them.</summary>
    /// <param name="pvhEntry">The description of a PVH note, or null for none.</param>
    public static byte[] Elf(byte[]? pvhEntry)
    {
        const int segmentAt = 0x1000;
        byte[] notes =
        [
            // Another owner's note with padding comes first, as in Linux.
            .. Note("Linux\0"u8, 18, [1, 2, 3]),
            .. pvhEntry is null ? [] : Note("Xen\0"u8, 18, pvhEntry),
        ];
        var image = new byte[segmentAt + PayloadLength];
        var header = new ElfHeader
        {
            Magic = 0x464C457F,
            Class = 2,
            Data = 1,
            IdentVersion = 1,
            Type = 2,
            Machine = 62,
            Version = 1,
            Entry = Address + 0x100,
            ProgramHeaderOffset = 64,
            HeaderSize = 64,
            ProgramHeaderSize = 56,
            ProgramHeaderCount = 2,
        };
        ElfProgramHeader[] segments =
        [
            new()
            {
                Type = ElfProgramHeader.Load, Offset = segmentAt, VirtualAddress = 0xFFFF_FFFF_8100_0000, PhysicalAddress = Address,
                FileSize = PayloadLength, MemorySize = PayloadLength + 0x1000,
            },
            new() { Type = ElfProgramHeader.Note, Offset = 0x200, FileSize = (ulong)notes.Length, MemorySize = (ulong)notes.Length },
        ];
        MemoryMarshal.Write(image, header);
        MemoryMarshal.AsBytes<ElfProgramHeader>(segments).CopyTo(image.AsSpan(64));
        notes.CopyTo(image, 0x200);
        for (var i = 0; i < PayloadLength; i++)
            image[segmentAt + i] = (byte)(i * 11);
        return image;
    }

    public static void Put(byte[] image, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(offset), value);

    private static byte[] Note(ReadOnlySpan<byte> name, uint type, byte[] description)
    {
        var paddedName = (name.Length + 3) & ~3;
        var note = new byte[12 + paddedName + ((description.Length + 3) & ~3)];
        Put(note, 0, (uint)name.Length);
        Put(note, 4, (uint)description.Length);
        Put(note, 8, type);
        name.CopyTo(note.AsSpan(12));
        description.CopyTo(note, 12 + paddedName);
        return note;
    }
}
