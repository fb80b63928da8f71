using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>struct kvm_cpuid_entry2: what CPUID answers for one leaf.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct KvmCpuidEntry
{
    /// <summary>KVM_CPUID_FLAG_SIGNIFCANT_INDEX: the leaf's answer depends on <see cref="Index"/> (ECX).</summary>
    public const uint SignificantIndex = 1;

    public uint Function;
    public uint Index;
    public uint Flags;
    public uint Eax;
    public uint Ebx;
    public uint Ecx;
    public uint Edx;
    public fixed uint Padding[3];
}
