using CsCheck;
using Kata.Virtio.Devices;
using Kata.Virtio.Mmio;
using Kata.Virtio.Tests.Block;
using Kata.Virtio.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Virtio.Tests.Mmio;

/// <summary>Whatever a guest does to registers, nothing throws or hangs, and a driver that resets the device can use it.</summary>
[TestClass]
public sealed class HostileGuestTests
{
    private static readonly Gen<uint> Offset = Gen.Frequency(
        (8, Gen.OneOf(Enum.GetValues<MmioRegister>().Select(register => Gen.Const((uint)register)).ToArray())),
        (2, Gen.UInt[0, 0x1ff]),
        (1, Gen.UInt));

    private static readonly Gen<ulong> Value = Gen.Frequency(
        (4, Gen.ULong[0, 15]),
        (2, Gen.OneOf(new ulong[] { 0x4f, 0x80, 0x100, MmioDriver.MemoryBytes, MmioDriver.MemoryBytes - 16, uint.MaxValue, ulong.MaxValue }.Select(Gen.Const).ToArray())),
        (2, Gen.ULong[0, MmioDriver.MemoryBytes]),
        (1, Gen.ULong));

    private static readonly Gen<(uint Offset, int Width, ulong Value)[]> Accesses =
        Gen.Select(Offset, Gen.Frequency((6, Gen.Const(4)), (1, Gen.OneOf(Gen.Const(1), Gen.Const(2), Gen.Const(8)))), Value).Array[1, 60];

    [TestMethod]
    public async Task RandomAccesses_LeaveADeviceThatCanBeReset()
    {
        await using var disk = new DiskDriver(configure: options => options with { QueueCount = 2 });
        var driver = disk.Driver;
        Gen.Select(Accesses, Gen.Bool).Sample(
            (accesses, running) =>
            {
                if (running)
                    driver.Start();
                foreach (var access in accesses)
                    Access(driver, access);
                driver.Start();
                CollectionAssert.AreEqual(disk.Content[..512], disk.Read(0, 512));
            },
            iter: 300,
            threads: 1);
        Assert.IsFalse(disk.Disk.Completed.IsCompleted);
    }

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task RandomAccesses_OfSeveralProcessors_LeaveADeviceThatCanBeReset()
    {
        var device = VirtioRng.Create(NullLogger.Instance);
        await using var driver = new MmioDriver(device);
        var processors = Enumerable.Range(0, 4).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 2000; i++)
            {
                var register = random.Next(4) == 0 ? MmioRegister.Status : (MmioRegister)(random.Next(0x48) * 4);
                Access(driver, ((uint)register, 4, (ulong)random.Next(16)));
            }
        }));
        await Task.WhenAll(processors);
        driver.Start();
        driver.Queues[0].Set(0, MmioDriver.Data, 64, Virtio.Queues.DescriptorFlags.Write);
        Assert.AreEqual(64u, driver.Exchange(0, 0));
        Assert.IsFalse(device.Completed.IsCompleted);
    }

    /// <summary>Log lines that a guest can cause are limited, whichever rule it breaks.</summary>
    [TestMethod]
    public async Task BrokenRules_DoNotFloodTheLog()
    {
        var logger = new RecordingLogger(LogLevel.Debug);
        await using var driver = new MmioDriver(VirtioRng.Create(logger), logger);
        for (var i = 0; i < 50; i++)
        {
            driver.Status = DeviceStatus.None;
            driver.Accept(ulong.MaxValue);
            driver.Status = DeviceStatus.FeaturesOk;
            driver.Accept(VirtioFeatures.Version1);
            driver.Status = DeviceStatus.FeaturesOk;
            driver[MmioRegister.QueueSelect] = 0;
            driver[MmioRegister.QueueReady] = 1;
            driver.Status = DeviceStatus.FeaturesOk | DeviceStatus.DriverOk;
            driver.Start();
            driver.Queues[0].AvailableIndex = 0x8000;
            driver[MmioRegister.QueueNotify] = 0;
            while (!driver.Status.HasFlag(DeviceStatus.NeedsReset))
                Assert.IsTrue(driver.WaitForInterrupt());
        }

        Assert.IsLessThan(15, logger.Lines.Count, logger.ToString());
    }

    private static void Access(MmioDriver driver, (uint Offset, int Width, ulong Value) access)
    {
        var data = BitConverter.GetBytes(access.Value).AsSpan(0, access.Width);
        driver.Transport.Write(access.Offset, data);
        driver.Transport.Read(access.Offset, data);
    }
}
