using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests.Vcpus;

[TestClass]
public sealed class VcpuAllocationTests : KvmTest
{
    [TestMethod]
    public async Task ExitLoop_InTheSteadyState_AllocatesNothing()
    {
        var probe = new AllocationProbe();
        await using var guest = new RealModeGuest(
            probe,
            [
                0xB8, 0x00, 0xD1, 0x8E, 0xD8, // mov ax, 0xd100; mov ds, ax
                0xE6, 0xE0, 0xE4, 0xE1, // out 0xe0, al; in al, 0xe1
                0xA2, 0x10, 0x00, 0xA0, 0x20, 0x00, // mov [0x10], al; mov al, [0x20]
                0xEB, 0xF4, // jmp to out
            ]);

        await guest.RunAsync();
        await probe.Completed.WaitAsync(Limit);
        await guest.Thread.PauseAsync().WaitAsync(Limit);

        Assert.AreEqual(0, probe.SteadyBytes);
        Assert.IsGreaterThan(0, probe.ControlBytes);
        Assert.IsGreaterThan(20_000, guest.Thread.ExitCounts.Io);
        Assert.IsGreaterThan(20_000, guest.Thread.ExitCounts.Mmio);
    }
}
