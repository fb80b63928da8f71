using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Boot.Images;

/// <summary>Elf64_Phdr. Little endian, as this process.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ElfProgramHeader
{
    /// <summary>PT_LOAD.</summary>
    public const uint Load = 1;

    /// <summary>PT_NOTE.</summary>
    public const uint Note = 4;

    public uint Type;
    public uint Flags;
    public ulong Offset;
    public ulong VirtualAddress;
    public ulong PhysicalAddress;
    public ulong FileSize;
    public ulong MemorySize;
    public ulong Alignment;
}
