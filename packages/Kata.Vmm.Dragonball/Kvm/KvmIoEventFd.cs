using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>struct kvm_ioeventfd: an eventfd that a guest's write signals without an exit.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct KvmIoEventFd
{
    public ulong DataMatch;
    public ulong Address;
    public uint Length;
    public int Fd;
    public uint Flags;
    public fixed byte Padding[36];
}
