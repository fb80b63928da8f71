using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Vcpus;

/// <summary>How often a vCPU needed this process. Written by its thread only; on a cache line of its own.</summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct VcpuExitCounters
{
    [FieldOffset(64)] public long Io;
    [FieldOffset(72)] public long Mmio;
    [FieldOffset(80)] public long Interrupted;
}
