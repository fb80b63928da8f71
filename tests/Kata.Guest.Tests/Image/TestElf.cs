using System.Buffers.Binary;
using System.Text;

namespace Kata.Guest.Tests.Image;

/// <summary>Makes small ELF files.</summary>
internal static class TestElf
{
    private const int HeaderSize = 64;
    private const int SectionHeaderSize = 64;
    private const string SectionNames = "\0.modinfo\0.shstrtab\0";

    /// <summary>A relocatable x86-64 file with no more than a .modinfo section.</summary>
    public static byte[] Module(string information)
    {
        byte[] content = Encoding.UTF8.GetBytes(information), names = Encoding.UTF8.GetBytes(SectionNames);
        int contentAt = HeaderSize, namesAt = contentAt + content.Length, table = namesAt + names.Length;
        byte[] elf = new byte[table + (3 * SectionHeaderSize)];
        new byte[] { 0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1 }.CopyTo(elf, 0);
        U16(16, 1);
        U16(18, 62);
        U64(40, table);
        U16(54, 56);
        U16(58, SectionHeaderSize);
        U16(60, 3);
        U16(62, 2);
        content.CopyTo(elf, contentAt);
        names.CopyTo(elf, namesAt);
        Section(1, name: 1, contentAt, content.Length);
        Section(2, name: 10, namesAt, names.Length);
        return elf;

        void Section(int index, int name, int offset, int size)
        {
            int at = table + (index * SectionHeaderSize);
            BinaryPrimitives.WriteInt32LittleEndian(elf.AsSpan(at), name);
            U64(at + 24, offset);
            U64(at + 32, size);
        }

        void U16(int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(at), (ushort)value);
        void U64(int at, int value) => BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(at), (ulong)value);
    }

    /// <summary>A static program: a file header and nothing to load.</summary>
    public static byte[] StaticProgram() => Module("");
}
