using Kata.Virtio.Entropy;
using Kata.Virtio.Mmio;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Mmio;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Virtio.Tests.Entropy;

[TestClass]
public sealed class VirtioRngTests
{
    [TestMethod]
    public async Task Request_IsFilledAndNothingBeyond()
    {
        await using var driver = new MmioDriver(VirtioRng.Create(NullLogger.Instance));
        driver.Start();
        driver.Queues[0].Set(0, MmioDriver.Data, 64, DescriptorFlags.Write);
        Assert.AreEqual(64u, driver.Exchange(0, 0));
        var first = driver.At(MmioDriver.Data, 64).ToArray();
        Assert.AreEqual(64u, driver.Exchange(0, 0));
        Assert.IsFalse(driver.At(MmioDriver.Data, 64).SequenceEqual(first), "Twice the same 64 bytes.");
        Assert.IsFalse(driver.At(MmioDriver.Data + 64, 4096).ContainsAnyExcept((byte)0));
    }

    [TestMethod]
    public async Task Request_IsBounded()
    {
        await using var driver = new MmioDriver(VirtioRng.Create(NullLogger.Instance));
        driver.Start();
        driver.Queues[0].Set(0, MmioDriver.Data, 100, DescriptorFlags.Write | DescriptorFlags.Next, 1);
        driver.Queues[0].Set(1, MmioDriver.Data + 100, 1 << 20, DescriptorFlags.Write);
        Assert.AreEqual((uint)EntropyDevice.MaxRequestBytes, driver.Exchange(0, 0));
        Assert.IsTrue(driver.At(MmioDriver.Data, EntropyDevice.MaxRequestBytes).ContainsAnyExcept((byte)0));
        Assert.IsFalse(driver.At(MmioDriver.Data + EntropyDevice.MaxRequestBytes, 1 << 20).ContainsAnyExcept((byte)0));
    }

    [TestMethod]
    public async Task Request_WithoutRoom_ComesBackEmpty()
    {
        await using var driver = new MmioDriver(VirtioRng.Create(NullLogger.Instance));
        driver.Start();
        driver.Queues[0].Set(0, MmioDriver.Data, 64);
        Assert.AreEqual(0u, driver.Exchange(0, 0));
    }

    [TestMethod]
    public async Task FullQueue_IsServedToTheEnd()
    {
        await using var driver = new MmioDriver(VirtioRng.Create(NullLogger.Instance));
        driver.Start();
        var queue = driver.Queues[0];
        for (ushort i = 0; i < queue.Layout.Size; i++)
        {
            queue.Set(i, MmioDriver.Data + (i * 64u), 64, DescriptorFlags.Write);
            queue.Offer(i);
        }

        driver[MmioRegister.QueueNotify] = 0;
        for (uint i = 0; i < queue.Layout.Size; i++)
            Assert.AreEqual((i, 64u), driver.Take(0));
    }
}
