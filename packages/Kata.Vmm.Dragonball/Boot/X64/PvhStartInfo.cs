using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Boot.X64;

/// <summary>struct hvm_start_info of Xen's public headers, version 1.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PvhStartInfo
{
    /// <summary>XEN_HVM_START_MAGIC_VALUE.</summary>
    public const uint MagicValue = 0x336E_C578;

    public uint Magic;
    public uint Version;
    public uint Flags;
    public uint ModuleCount;
    public ulong ModuleList;
    public ulong CommandLine;
    public ulong Rsdp;
    public ulong MemoryMap;
    public uint MemoryMapEntries;
    public uint Reserved;
}
