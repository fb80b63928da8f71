using Kata.Abstractions;
using Kata.Hypervisors.External.Qemu.Devices;

namespace Kata.Hypervisors.External.Tests.Qemu.Devices;

[TestClass]
public sealed class PciSlotsTests
{
    [TestMethod]
    public void TakeRoot_TwoBridges_GoesAroundThem()
    {
        var slots = new PciSlots(2);
        CollectionAssert.AreEqual((string[])["01", "04", "05"], Enumerable.Range(0, 3).Select(_ => slots.TakeRoot().GuestAddress.Path).ToArray());
        Assert.AreEqual("0x6", slots.TakeRoot().Address);
    }

    [TestMethod]
    public void Take_Exhausted_SaysWhatToDoAndReusesTheLowest()
    {
        var slots = new PciSlots(2);
        var taken = Enumerable.Range(0, 62).Select(_ => slots.Take()).ToList();
        Assert.AreEqual("02/01", taken[0].GuestAddress.Path);
        Assert.AreEqual("03/1f", taken[^1].GuestAddress.Path);
        Assert.AreEqual(62, taken.Distinct().Count());
        var full = Assert.ThrowsExactly<HypervisorException>(slots.Take);
        Assert.AreEqual(KataErrorKind.ResourceExhausted, full.Kind);
        slots.Return(taken[40]);
        slots.Return(taken[7]);
        Assert.AreEqual(taken[7], slots.Take());
        Assert.AreEqual(taken[40], slots.Take());
    }

    [TestMethod]
    public void TakeRoot_Exhausted_Throws()
    {
        var slots = new PciSlots(0);
        for (var i = 0; i < 30; i++)
            Assert.AreEqual(i + 1, slots.TakeRoot().Number);
        Assert.ThrowsExactly<HypervisorException>(slots.TakeRoot);
        Assert.ThrowsExactly<HypervisorException>(slots.Take);
    }
}
