using Kata.Guest.Agent.Devices;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class DeviceTests
{
    [TestMethod]
    [DataRow("02", 1)]
    [DataRow("02/01", 2)]
    [DataRow("1f/00/0a", 3)]
    public void TryParse_PciPath_HasSlots(string text, int count)
    {
        var path = PciPath.TryParse(text)!.Value;
        Assert.HasCount(count, path.Slots);
        Assert.AreEqual(text, path.ToString());
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("2")]
    [DataRow("20")]
    [DataRow("02/")]
    [DataRow("../..")]
    [DataRow("zz")]
    [DataRow("0 ")]
    [DataRow("01/01/01/01/01/01/01/01/01/01/01/01/01/01/01/01/01")]
    public void TryParse_NoPciPath_IsNull(string text) => Assert.IsNull(PciPath.TryParse(text));

    [TestMethod]
    public void Find_DeviceBehindABridge_IsFoundWhenItIsThere()
    {
        using var bus = new TemporaryDirectory();
        var path = PciPath.TryParse("02/01")!.Value;
        Assert.IsNull(path.Find(bus.Path));

        var bridge = Directory.CreateDirectory(bus.Path + "/0000:00:02.0").FullName;
        Directory.CreateDirectory(bus.Path + "/pci_bus:02.0");
        Assert.IsNull(path.Find(bus.Path));

        var device = Directory.CreateDirectory(bridge + "/0000:01:01.0").FullName;
        Assert.AreEqual(device, path.Find(bus.Path));
    }

    [TestMethod]
    public void TryParse_ScsiAddress_IsIdAndLun()
    {
        Assert.AreEqual(new ScsiAddress(0, 12), ScsiAddress.TryParse("0:12"));
        Assert.IsNull(ScsiAddress.TryParse("1"));
        Assert.IsNull(ScsiAddress.TryParse(":1"));
        Assert.IsNull(ScsiAddress.TryParse("-1:1"));
    }

    [TestMethod]
    [DataRow("0\n", 1)]
    [DataRow("0-3", 4)]
    [DataRow("0-1,3,5-6", 5)]
    [DataRow("", 0)]
    public void CountOf_ProcessorList_Counts(string list, int count) => Assert.AreEqual(count, GuestHardware.CountOf(list));
}
