using System.Runtime.InteropServices;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;
using static Kata.Vmm.Dragonball.Kvm.KvmInterop;
using static Kata.Vmm.Dragonball.Kvm.KvmRequests;

namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>A virtual processor of KVM. All calls but the write of <c>immediate_exit</c> belong to one thread at a time.</summary>
internal sealed unsafe class KvmVcpu : IDisposable
{
    private readonly SafeFileHandle _fd;
    private readonly MemoryMapping _run;
    private readonly int _rawFd;

    internal KvmVcpu(SafeFileHandle fd, MemoryMapping run)
    {
        (_fd, _run) = (fd, run);
        _rawFd = (int)fd.DangerousGetHandle();
        Shared = (KvmRun*)run.Address;
    }

    /// <summary>Shared with the kernel; valid until disposal.</summary>
    public KvmRun* Shared { get; }

    /// <summary>
    /// KVM_RUN: until the guest needs this process, or the thread is wanted. False when it ended with <paramref name="error"/>.
    /// </summary>
    public bool Run(out Errno error)
    {
        if (Ioctl(_rawFd, KVM_RUN, 0) >= 0)
        {
            error = Errno.None;
            return true;
        }

        error = (Errno)Marshal.GetLastPInvokeError();
        return false;
    }

    public void SetRegs(in KvmRegs regs)
    {
        fixed (KvmRegs* pointer = &regs)
            KvmError.Check(Ioctl(_fd, KVM_SET_REGS, pointer), "KVM_SET_REGS");
    }

    public KvmSregs GetSregs()
    {
        KvmSregs sregs;
        KvmError.Check(Ioctl(_fd, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
        return sregs;
    }

    public void SetSregs(in KvmSregs sregs)
    {
        fixed (KvmSregs* pointer = &sregs)
            KvmError.Check(Ioctl(_fd, KVM_SET_SREGS, pointer), "KVM_SET_SREGS");
    }

    public void SetFpu(in KvmFpu fpu)
    {
        fixed (KvmFpu* pointer = &fpu)
            KvmError.Check(Ioctl(_fd, KVM_SET_FPU, pointer), "KVM_SET_FPU");
    }

    public KvmLapicState GetLapic()
    {
        KvmLapicState state;
        KvmError.Check(Ioctl(_fd, KVM_GET_LAPIC, &state), "KVM_GET_LAPIC");
        return state;
    }

    public void SetLapic(in KvmLapicState state)
    {
        fixed (KvmLapicState* pointer = &state)
            KvmError.Check(Ioctl(_fd, KVM_SET_LAPIC, pointer), "KVM_SET_LAPIC");
    }

    public void SetCpuid(ReadOnlySpan<KvmCpuidEntry> entries) =>
        KvmError.Check(new KvmList<KvmCpuidEntry>(entries).Pass(_fd, KVM_SET_CPUID2), "KVM_SET_CPUID2", $"of {entries.Length} leaves");

    /// <summary>KVM_SET_MSRS.</summary>
    /// <returns>How many were set: the one after them was refused.</returns>
    public int SetMsrs(ReadOnlySpan<KvmMsrEntry> entries) =>
        KvmError.Check(new KvmList<KvmMsrEntry>(entries).Pass(_fd, KVM_SET_MSRS), "KVM_SET_MSRS");

    /// <summary>KVM_SET_SIGNAL_MASK: the signals blocked while in KVM_RUN; one that is not ends it with EINTR.</summary>
    /// <param name="mask">The kernel's signal set: bit n-1 is signal n.</param>
    public void SetSignalMask(ulong mask)
    {
        // struct kvm_signal_mask: the length of the set, then the set without padding.
        var argument = stackalloc uint[] { sizeof(ulong), (uint)mask, (uint)(mask >> 32) };
        KvmError.Check(Ioctl(_fd, KVM_SET_SIGNAL_MASK, argument), "KVM_SET_SIGNAL_MASK");
    }

    /// <summary>
    /// KVM_SET_TSC_KHZ: the time stamp counter runs as fast as the host's does now. Without this KVM assumes what the host knew when its
    /// module was loaded; a host that has measured better since, and cannot scale, then computes the guest's timers from a counter that
    /// stands still. False when it does not do that.
    /// </summary>
    public bool UseHostTscRate() => Ioctl(_fd, KVM_SET_TSC_KHZ, 0) >= 0;

    /// <summary>
    /// KVM_KVMCLOCK_CTRL: tells the guest that it was paused, so that its watchdog forgives. Does nothing for guests without kvmclock.
    /// </summary>
    public void NotifyPaused() => _ = Ioctl(_fd, KVM_KVMCLOCK_CTRL, 0);

    public void Dispose()
    {
        _run.Dispose();
        _fd.Dispose();
    }
}
