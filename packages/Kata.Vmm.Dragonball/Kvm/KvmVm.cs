using System.Runtime.InteropServices;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;
using static Kata.Vmm.Dragonball.Kvm.KvmInterop;
using static Kata.Vmm.Dragonball.Kvm.KvmRequests;

namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>A virtual machine of KVM: its memory slots, interrupt controllers and event descriptors.</summary>
internal sealed unsafe class KvmVm : IDisposable
{
    private const uint IoEventFdDataMatch = 1;

    private readonly SafeFileHandle _fd;
    private readonly int _runSize;

    internal KvmVm(SafeFileHandle fd, int runSize) => (_fd, _runSize) = (fd, runSize);

    /// <summary>KVM_SET_TSS_ADDR: three pages that Intel's KVM uses for itself. Before any vCPU.</summary>
    public void SetTssAddress(uint address) => KvmError.Check(Ioctl(_fd, KVM_SET_TSS_ADDR, (nint)address), "KVM_SET_TSS_ADDR");

    /// <summary>KVM_SET_IDENTITY_MAP_ADDR: one more such page.</summary>
    public void SetIdentityMapAddress(ulong address) =>
        KvmError.Check(Ioctl(_fd, KVM_SET_IDENTITY_MAP_ADDR, &address), "KVM_SET_IDENTITY_MAP_ADDR");

    /// <summary>KVM_CREATE_IRQCHIP: two 8259, an IOAPIC of 24 pins, and a local APIC for each vCPU made from now on.</summary>
    public void CreateIrqchip() => KvmError.Check(Ioctl(_fd, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");

    /// <summary>KVM_SET_USER_MEMORY_REGION: a size of 0 removes the slot.</summary>
    public void SetMemory(uint slot, ulong guestAddress, ulong size, nint hostAddress)
    {
        var region = new KvmUserspaceMemoryRegion
        {
            Slot = slot,
            GuestPhysicalAddress = guestAddress,
            MemorySize = size,
            UserspaceAddress = (ulong)hostAddress,
        };
        KvmError.Check(
            Ioctl(_fd, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION", $"at 0x{guestAddress:x}, {size} bytes");
    }

    /// <summary>KVM_IRQFD: a write to the eventfd pulses the interrupt line, until either is closed.</summary>
    public void AssignIrqFd(SafeHandle eventFd, uint gsi)
    {
        var added = false;
        try
        {
            eventFd.DangerousAddRef(ref added);
            var argument = new KvmIrqFd { Fd = (uint)eventFd.DangerousGetHandle(), Gsi = gsi };
            KvmError.Check(Ioctl(_fd, KVM_IRQFD, &argument), "KVM_IRQFD", $"of interrupt {gsi}");
        }
        finally
        {
            if (added)
                eventFd.DangerousRelease();
        }
    }

    /// <summary>
    /// KVM_IOEVENTFD: the guest's write of exactly this value and width to the address signals the eventfd without an exit, as long as the
    /// machine is there.
    /// </summary>
    public void AssignIoEventFd(SafeHandle eventFd, ulong address, uint length, ulong value)
    {
        var added = false;
        try
        {
            eventFd.DangerousAddRef(ref added);
            var argument = new KvmIoEventFd
            {
                Fd = (int)eventFd.DangerousGetHandle(),
                Address = address,
                Length = length,
                DataMatch = value,
                Flags = IoEventFdDataMatch,
            };
            KvmError.Check(Ioctl(_fd, KVM_IOEVENTFD, &argument), "KVM_IOEVENTFD", $"at 0x{address:x}");
        }
        finally
        {
            if (added)
                eventFd.DangerousRelease();
        }
    }

    /// <summary>KVM_CREATE_VCPU.</summary>
    /// <param name="id">Its APIC id, too.</param>
    public KvmVcpu CreateVcpu(int id)
    {
        var fd = new SafeFileHandle(KvmError.Check(Ioctl(_fd, KVM_CREATE_VCPU, id), "KVM_CREATE_VCPU", $"{id}"), ownsHandle: true);
        try
        {
            return new KvmVcpu(fd, MemoryMapping.Shared(fd, 0, (nuint)_runSize));
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    public void Dispose() => _fd.Dispose();
}
