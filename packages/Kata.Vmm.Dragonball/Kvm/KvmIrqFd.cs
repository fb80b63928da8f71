using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>struct kvm_irqfd: an eventfd that raises an interrupt.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct KvmIrqFd
{
    public uint Fd;
    public uint Gsi;
    public uint Flags;
    public uint ResampleFd;
    public fixed byte Padding[16];
}
