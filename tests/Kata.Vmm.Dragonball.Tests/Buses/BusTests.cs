using Kata.Vmm.Dragonball.Buses;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests.Buses;

[TestClass]
public sealed class BusTests
{
    private readonly RecordingDevice _first = new() { Answer = 1 };
    private readonly RecordingDevice _second = new() { Answer = 2 };

    [TestMethod]
    public void Access_OfARange_ReachesItsDeviceOnly()
    {
        var bus = new Bus([new BusRange(0x2000, 0x10, _second), new BusRange(0x1000, 0x10, _first)]);
        CollectionAssert.AreEqual(new byte[] { 1 }, Read(bus, 0x1000, 1));
        CollectionAssert.AreEqual(new byte[] { 1, 1 }, Read(bus, 0x100E, 2));
        CollectionAssert.AreEqual(new byte[] { 2, 2, 2, 2 }, Read(bus, 0x2004, 4));
        bus.Write(0x2008, [5]);
        Assert.AreEqual(8UL, _second.Next().Offset);
    }

    [TestMethod]
    public void Access_OfNobodysAddress_ReadsOnesAndWritesNothing()
    {
        var bus = new Bus([new BusRange(0x1000, 0x10, _first)]);
        foreach (var address in new ulong[] { 0, 0xFFF, 0x1010, ulong.MaxValue })
            CollectionAssert.AreEqual(new byte[] { 0xFF }, Read(bus, address, 1));
        // Half of it would be another's.
        CollectionAssert.AreEqual(new byte[] { 0xFF, 0xFF }, Read(bus, 0x100F, 2));
        bus.Write(0x100F, [1, 2]);
        Assert.IsEmpty(_first.Writes);
        CollectionAssert.AreEqual(new byte[] { 0xFF }, Read(new Bus([]), 0, 1));
    }

    [TestMethod]
    public void Ranges_ThatOverlap_AreRefused() =>
        Assert.ThrowsExactly<ArgumentException>(() => new Bus([new BusRange(0, 9, _first), new BusRange(8, 8, _second)]));

    private static byte[] Read(Bus bus, ulong address, int length)
    {
        var data = new byte[length];
        bus.Read(address, data);
        return data;
    }
}
