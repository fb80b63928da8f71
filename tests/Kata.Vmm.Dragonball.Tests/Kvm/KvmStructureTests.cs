using System.Runtime.InteropServices;
using Kata.Vmm.Dragonball.Kvm;

namespace Kata.Vmm.Dragonball.Tests.Kvm;

/// <summary>Sizes and offsets as a C compiler prints them for linux/kvm.h of x86-64.</summary>
[TestClass]
public sealed unsafe class KvmStructureTests
{
    [TestMethod]
    public void Structures_OfX64_HaveTheKernelsSizes()
    {
        Assert.AreEqual(144, sizeof(KvmRegs));
        Assert.AreEqual(24, sizeof(KvmSegment));
        Assert.AreEqual(16, sizeof(KvmDtable));
        Assert.AreEqual(312, sizeof(KvmSregs));
        Assert.AreEqual(416, sizeof(KvmFpu));
        Assert.AreEqual(16, sizeof(KvmMsrEntry));
        Assert.AreEqual(40, sizeof(KvmCpuidEntry));
        Assert.AreEqual(1024, sizeof(KvmLapicState));
        Assert.AreEqual(32, sizeof(KvmUserspaceMemoryRegion));
        Assert.AreEqual(32, sizeof(KvmIrqFd));
        Assert.AreEqual(64, sizeof(KvmIoEventFd));
        Assert.AreEqual(2352, sizeof(KvmRun));
    }

    [TestMethod]
    [DataRow(typeof(KvmRegs), nameof(KvmRegs.Rip), 128)]
    [DataRow(typeof(KvmRegs), nameof(KvmRegs.Rflags), 136)]
    [DataRow(typeof(KvmSegment), nameof(KvmSegment.Selector), 12)]
    [DataRow(typeof(KvmSegment), nameof(KvmSegment.L), 19)]
    [DataRow(typeof(KvmSegment), nameof(KvmSegment.Unusable), 22)]
    [DataRow(typeof(KvmSregs), nameof(KvmSregs.Gdt), 192)]
    [DataRow(typeof(KvmSregs), nameof(KvmSregs.Idt), 208)]
    [DataRow(typeof(KvmSregs), nameof(KvmSregs.Cr0), 224)]
    [DataRow(typeof(KvmSregs), nameof(KvmSregs.Cr3), 240)]
    [DataRow(typeof(KvmSregs), nameof(KvmSregs.Efer), 264)]
    [DataRow(typeof(KvmSregs), nameof(KvmSregs.InterruptBitmap), 280)]
    [DataRow(typeof(KvmFpu), nameof(KvmFpu.Fcw), 128)]
    [DataRow(typeof(KvmFpu), nameof(KvmFpu.Mxcsr), 408)]
    [DataRow(typeof(KvmIrqFd), nameof(KvmIrqFd.ResampleFd), 12)]
    [DataRow(typeof(KvmIoEventFd), nameof(KvmIoEventFd.Length), 16)]
    [DataRow(typeof(KvmIoEventFd), nameof(KvmIoEventFd.Flags), 24)]
    [DataRow(typeof(KvmRun), nameof(KvmRun.ExitReason), 8)]
    [DataRow(typeof(KvmRun), nameof(KvmRun.IoDataOffset), 40)]
    [DataRow(typeof(KvmRun), nameof(KvmRun.MmioIsWrite), 52)]
    public void Field_OfStructure_IsAtTheKernelsOffset(Type type, string field, int offset) =>
        Assert.AreEqual(offset, (int)Marshal.OffsetOf(type, field));

    [TestMethod]
    public void Requests_WithAStructure_CarryItsSize()
    {
        Assert.AreEqual(sizeof(KvmUserspaceMemoryRegion), SizeIn(KvmRequests.KVM_SET_USER_MEMORY_REGION));
        Assert.AreEqual(sizeof(KvmIrqFd), SizeIn(KvmRequests.KVM_IRQFD));
        Assert.AreEqual(sizeof(KvmIoEventFd), SizeIn(KvmRequests.KVM_IOEVENTFD));
        Assert.AreEqual(sizeof(KvmRegs), SizeIn(KvmRequests.KVM_SET_REGS));
        Assert.AreEqual(sizeof(KvmSregs), SizeIn(KvmRequests.KVM_SET_SREGS));
        Assert.AreEqual(sizeof(KvmFpu), SizeIn(KvmRequests.KVM_SET_FPU));
        Assert.AreEqual(sizeof(KvmLapicState), SizeIn(KvmRequests.KVM_SET_LAPIC));
    }

    private static int SizeIn(nuint request) => (int)(request >> 16) & 0x3FFF;
}
