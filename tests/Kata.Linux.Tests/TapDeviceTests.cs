using Kata.Linux.Tests.Support;

namespace Kata.Linux.Tests;

[TestClass]
public sealed class TapDeviceTests
{
    [TestMethod]
    public void OpenQueue_SingleQueueTwice_SecondIsBusy() => NetworkSandbox.Run(() =>
    {
        using var first = TapDevice.OpenQueue("tap0_kata", multiQueue: false);
        Assert.AreEqual(Errno.EBUSY, Assert.ThrowsExactly<LinuxException>(() => TapDevice.OpenQueue("tap0_kata", multiQueue: false)).Errno);
        using var other = TapDevice.OpenQueue("tap1_kata", multiQueue: true);
        using var second = TapDevice.OpenQueue("tap1_kata", multiQueue: true);
    });

    [TestMethod]
    [DataRow("")]
    [DataRow("sixteen_letters_")]
    [DataRow("ümlaut")]
    public void OpenQueue_ImpossibleName_IsInvalid(string name) =>
        Assert.AreEqual(Errno.EINVAL, Assert.ThrowsExactly<LinuxException>(() => TapDevice.OpenQueue(name, multiQueue: false)).Errno);
}
