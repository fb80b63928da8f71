using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Boot.X64;

/// <summary>struct hvm_memmap_table_entry of Xen's public headers.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PvhMemoryMapEntry
{
    /// <summary>Bytes of one entry.</summary>
    public const int Length = 24;

    public ulong Address;
    public ulong Size;
    public uint Type;
    public uint Reserved;
}
