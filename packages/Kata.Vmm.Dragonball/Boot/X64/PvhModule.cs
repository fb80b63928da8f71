using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Boot.X64;

/// <summary>struct hvm_modlist_entry of Xen's public headers.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PvhModule
{
    public ulong Address;
    public ulong Size;
    public ulong CommandLine;
    public ulong Reserved;
}
