using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Boot.Images;

/// <summary>Elf64_Ehdr. Little endian, as this process.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ElfHeader
{
    public uint Magic;
    public byte Class;
    public byte Data;
    public byte IdentVersion;
    public byte OsAbi;
    public ulong Padding;
    public ushort Type;
    public ushort Machine;
    public uint Version;
    public ulong Entry;
    public ulong ProgramHeaderOffset;
    public ulong SectionHeaderOffset;
    public uint Flags;
    public ushort HeaderSize;
    public ushort ProgramHeaderSize;
    public ushort ProgramHeaderCount;
    public ushort SectionHeaderSize;
    public ushort SectionHeaderCount;
    public ushort SectionNamesIndex;
}
