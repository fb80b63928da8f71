using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>struct kvm_lapic_state: the registers of a local APIC, at their offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct KvmLapicState
{
    public fixed byte Registers[1024];
}
