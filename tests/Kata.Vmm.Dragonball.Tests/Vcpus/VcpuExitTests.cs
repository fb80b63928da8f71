using Kata.Linux;
using Kata.Vmm.Dragonball.Buses;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests.Vcpus;

/// <summary>What a guest does, and what arrives here; hand-assembled for real mode.</summary>
[TestClass]
public sealed class VcpuExitTests : KvmTest
{
    private static readonly byte[] Stop = [0xF4, 0xEB, 0xFD]; // hlt; jmp to hlt

    [TestMethod]
    public async Task PortAccess_OfEachWidth_ReachesTheDevice()
    {
        await using var guest = new RealModeGuest(
        [
            0xB0, 0x11, 0xE6, 0x80, // mov al, 0x11; out 0x80, al
            0xB8, 0x22, 0x33, 0xE7, 0x82, // mov ax, 0x3322; out 0x82, ax
            0x66, 0xB8, 0x44, 0x55, 0x66, 0x77, 0x66, 0xE7, 0x84, // mov eax, 0x77665544; out 0x84, eax
            0xE4, 0x88, 0xE6, 0x89, // in al, 0x88; out 0x89, al
            0xE4, 0x70, 0xE6, 0x8A, // in al, 0x70 (nobody's); out 0x8a, al
            .. Stop,
        ]);
        guest.Ports.Answer = 0x5A;

        await guest.RunAsync();

        Expect(guest.Ports, 0, 0x11);
        Expect(guest.Ports, 2, 0x22, 0x33);
        Expect(guest.Ports, 4, 0x44, 0x55, 0x66, 0x77);
        Expect(guest.Ports, 9, 0x5A);
        Expect(guest.Ports, 10, 0xFF);
    }

    [TestMethod]
    public async Task PortAccess_ByStringInstruction_TransfersEveryItem()
    {
        await using var guest = new RealModeGuest(
        [
            0xBE, 0x00, 0x20, 0xB9, 0x05, 0x00, 0xBA, 0x81, 0x00, // mov si, 0x2000; mov cx, 5; mov dx, 0x81
            0xFC, 0xF3, 0x6E, // cld; rep outsb
            .. Stop,
        ]);
        guest.Poke(0x2000, "Hello"u8.ToArray());

        await guest.RunAsync();

        foreach (var expected in "Hello"u8.ToArray())
            Expect(guest.Ports, 1, expected);
    }

    [TestMethod]
    public async Task MemoryAccess_OutsideOfMemory_ReachesTheDevice()
    {
        await using var guest = new RealModeGuest(
        [
            0xB8, 0x00, 0xD0, 0x8E, 0xD8, // mov ax, 0xd000; mov ds, ax
            0xC6, 0x06, 0x10, 0x00, 0xAB, // mov byte [0x10], 0xab
            0x66, 0xC7, 0x06, 0x20, 0x00, 1, 2, 3, 4, // mov dword [0x20], 0x04030201
            0xA0, 0x30, 0x00, 0xE6, 0x80, // mov al, [0x30]; out 0x80, al
            .. Stop,
        ]);
        guest.Memory.Answer = 0x77;

        await guest.RunAsync();

        Expect(guest.Memory, 0x10, 0xAB);
        Expect(guest.Memory, 0x20, 1, 2, 3, 4);
        Expect(guest.Ports, 0, 0x77);
        Assert.AreEqual(3, guest.Thread.ExitCounts.Mmio);
    }

    [TestMethod]
    public async Task IoEventFd_ThatMatches_IsSignalledWithoutAnExit()
    {
        await using var guest = new RealModeGuest(
        [
            0xB8, 0x00, 0xD0, 0x8E, 0xD8, // mov ax, 0xd000; mov ds, ax
            0x66, 0xC7, 0x06, 0x50, 0x00, 1, 0, 0, 0, // mov dword [0x50], 1
            0x66, 0xC7, 0x06, 0x50, 0x00, 2, 0, 0, 0, // mov dword [0x50], 2
            .. Stop,
        ]);
        using var notification = FileDescriptors.EventFd();
        guest.Vm.AssignIoEventFd(notification, RealModeGuest.Window + 0x50, 4, 1);

        await guest.RunAsync();

        Expect(guest.Memory, 0x50, 2, 0, 0, 0);
        Assert.AreEqual(8, FileDescriptors.Read(notification, new byte[8]));
        Assert.AreEqual(1, guest.Thread.ExitCounts.Mmio);
    }

    [TestMethod]
    public async Task IrqFd_WhenRaised_InterruptsAHaltedGuest()
    {
        await using var guest = new RealModeGuest(
        [
            // 8259: edge, cascaded, vectors from 0x20 on; only line 4 is open.
            0xB0, 0x11, 0xE6, 0x20, 0xB0, 0x20, 0xE6, 0x21, 0xB0, 0x04, 0xE6, 0x21, 0xB0, 0x01, 0xE6, 0x21, 0xB0, 0xEF, 0xE6, 0x21,
            0xB0, 0x01, 0xE6, 0x80, // mov al, 1; out 0x80, al: ready
            0xFB, 0xF4, 0xEB, 0xFC, // sti; hlt; jmp to sti
        ]);
        guest.Poke(0x24 * 4, 0x00, 0x30, 0x00, 0x00); // vector 0x24 at 0000:3000
        guest.Poke(0x3000, 0xB0, 0x49, 0xE6, 0x81, 0xB0, 0x20, 0xE6, 0x20, 0xCF); // out 0x81, 'I'; end of interrupt; iret
        using var line = InterruptLine.Connect(guest.Vm, 4);

        await guest.RunAsync();
        Expect(guest.Ports, 0, 1);
        for (var i = 0; i < 3; i++)
        {
            line.Raise();
            Expect(guest.Ports, 1, (byte)'I');
        }
    }

    private static void Expect(RecordingDevice device, ulong offset, params byte[] data)
    {
        var write = device.Next();
        Assert.AreEqual(offset, write.Offset);
        CollectionAssert.AreEqual(data, write.Data);
    }
}
