using System.Text;
using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Memory;
using Kata.Virtio.Mmio;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Virtio.Tests.Mmio;

[TestClass]
public sealed class VirtioMmioTransportTests
{
    private const DeviceStatus UpToFeatures = DeviceStatus.Acknowledge | DeviceStatus.Driver | DeviceStatus.FeaturesOk;

    [TestMethod]
    public async Task Identity_IsWhatDriversProbeFor()
    {
        await using var driver = NewDriver();
        Assert.AreEqual("virt", Encoding.ASCII.GetString(BitConverter.GetBytes(driver[MmioRegister.MagicValue])));
        Assert.AreEqual((2u, DeviceType.Entropy), (driver[MmioRegister.Version], driver[MmioRegister.DeviceId]));
        Assert.AreEqual(DeviceStatus.None, driver.Status);
        for (var register = MmioRegister.SharedMemoryLengthLow; register <= MmioRegister.SharedMemoryBaseHigh; register += 4)
            Assert.AreEqual(uint.MaxValue, driver[register]);
        driver[MmioRegister.DeviceFeaturesSelect] = 2;
        Assert.AreEqual(0u, driver[MmioRegister.DeviceFeatures]);
        driver[MmioRegister.QueueSelect] = 1;
        Assert.AreEqual(0u, driver[MmioRegister.QueueSizeMax], "There is one queue.");
    }

    [TestMethod]
    public async Task Registers_OfOtherWidths_AreIgnored()
    {
        await using var driver = NewDriver();
        var data = new byte[8];
        foreach (var width in new[] { 1, 2, 8 })
        {
            data.AsSpan().Fill(0xff);
            driver.Transport.Read((uint)MmioRegister.MagicValue, data.AsSpan(0, width));
            Assert.IsFalse(data.AsSpan(0, width).ContainsAnyExcept((byte)0));
            driver.Transport.Write((uint)MmioRegister.Status, new byte[] { 1, 0, 0, 0, 0, 0, 0, 0 }.AsSpan(0, width));
            Assert.AreEqual(DeviceStatus.None, driver.Status);
        }

        driver.Transport.Read(2, data.AsSpan(0, 4));
        Assert.AreEqual(0u, BitConverter.ToUInt32(data));
    }

    [TestMethod]
    [DataRow(0UL, DisplayName = "without VERSION_1")]
    [DataRow(VirtioFeatures.Version1 | 1, DisplayName = "not offered")]
    public async Task Features_NotAcceptable_AreRefused(ulong features)
    {
        await using var driver = NewDriver();
        driver.Status = DeviceStatus.Acknowledge | DeviceStatus.Driver;
        driver.Accept(features);
        driver.Status = UpToFeatures;
        Assert.AreEqual(DeviceStatus.Acknowledge | DeviceStatus.Driver, driver.Status);
        driver.Status = UpToFeatures | DeviceStatus.DriverOk;
        Assert.AreEqual(DeviceStatus.Acknowledge | DeviceStatus.Driver, driver.Status, "DRIVER_OK needs FEATURES_OK.");
        driver.Accept(VirtioFeatures.Version1);
        driver.Status = UpToFeatures;
        Assert.AreEqual(UpToFeatures, driver.Status, "The driver may try again.");
        driver.Accept(features);
        driver.Status = UpToFeatures | DeviceStatus.DriverOk;
        Assert.AreEqual(UpToFeatures | DeviceStatus.DriverOk, driver.Status, "What was agreed on stays.");
    }

    [TestMethod]
    public async Task Status_OnlyEverGainsBits()
    {
        await using var driver = NewDriver();
        driver.Start();
        driver.Status = DeviceStatus.Acknowledge;
        Assert.AreEqual((DeviceStatus)0xf, driver.Status);
        driver.Status = DeviceStatus.NeedsReset | DeviceStatus.Failed;
        Assert.AreEqual((DeviceStatus)0x8f, driver.Status, "NEEDS_RESET is the device's.");
    }

    /// <summary>kexec and rebinding a driver reset a device wherever it happens to be.</summary>
    [TestMethod]
    public async Task Reset_FromEveryState_LetsTheDeviceStartAgain()
    {
        await using var driver = NewDriver();
        Action[] states =
        [
            () => { },
            () => driver.Status = DeviceStatus.Acknowledge,
            () => driver.Status = DeviceStatus.Acknowledge | DeviceStatus.Driver,
            () => driver.Accept(ulong.MaxValue),
            () => driver.Status = DeviceStatus.Failed,
            () =>
            {
                driver.Accept(driver.OfferedFeatures);
                driver.Status = UpToFeatures;
                driver.SetUp(0, driver.Queues[0].Layout);
            },
            () => driver.Start(),
            () =>
            {
                driver.Start();
                driver.Status = DeviceStatus.Failed;
            },
            () =>
            {
                driver.Start();
                BreakQueue(driver);
                Assert.IsTrue(driver.Status.HasFlag(DeviceStatus.NeedsReset));
            },
        ];
        foreach (var reach in states)
        {
            reach();
            driver.Status = DeviceStatus.None;
            Assert.AreEqual(DeviceStatus.None, driver.Status);
            driver[MmioRegister.QueueSelect] = 0;
            Assert.AreEqual((0u, 0u), (driver[MmioRegister.QueueReady], driver[MmioRegister.InterruptStatus]));
            driver.Start();
            ExpectWorks(driver);
            driver.Status = DeviceStatus.None;
        }
    }

    [TestMethod]
    public async Task InterruptStatus_ReportsUsedBuffersWhileTheDriverIsUp()
    {
        await using var driver = NewDriver();
        Assert.AreEqual(0u, driver[MmioRegister.InterruptStatus]);
        driver.Start();
        Assert.AreEqual(1u, driver[MmioRegister.InterruptStatus]);
        driver[MmioRegister.InterruptAcknowledge] = 1;
        Assert.AreEqual(1u, driver[MmioRegister.InterruptStatus]);
    }

    [TestMethod]
    public async Task BrokenQueue_NeedsAResetAndSaysSo()
    {
        var logger = new RecordingLogger();
        await using var driver = NewDriver(logger);
        driver.Start();
        BreakQueue(driver);
        Assert.AreEqual((DeviceStatus)0x4f, driver.Status);
        Assert.AreEqual(3u, driver[MmioRegister.InterruptStatus]);
        driver[MmioRegister.InterruptAcknowledge] = 3;
        Assert.AreEqual(1u, driver[MmioRegister.InterruptStatus]);
        StringAssert.Contains(logger.ToString(), nameof(QueueError.AvailableIndexOutOfRange));
    }

    [TestMethod]
    [DataRow(0u, 0UL, DisplayName = "without a size")]
    [DataRow(3u, 0UL, DisplayName = "not a power of two")]
    [DataRow(128u, 0UL, DisplayName = "too large")]
    [DataRow(0x10008u, 0UL, DisplayName = "too large for 16 bits")]
    [DataRow(8u, 8UL, DisplayName = "misaligned")]
    [DataRow(8u, MmioDriver.MemoryBytes, DisplayName = "outside memory")]
    [DataRow(8u, MmioDriver.MemoryBytes - 16, DisplayName = "beyond memory")]
    [DataRow(8u, ulong.MaxValue - 15, DisplayName = "wraps around")]
    public async Task QueueLayout_NotAcceptable_NeedsAReset(uint size, ulong descriptorTable)
    {
        await using var driver = NewDriver();
        driver.Accept(VirtioFeatures.Version1);
        driver.Status = UpToFeatures;
        driver[MmioRegister.QueueSelect] = 0;
        driver[MmioRegister.QueueSize] = size;
        driver[MmioRegister.QueueDescriptorLow] = (uint)descriptorTable;
        driver[MmioRegister.QueueDescriptorHigh] = (uint)(descriptorTable >> 32);
        driver[MmioRegister.QueueReady] = 1;
        driver.Status = UpToFeatures | DeviceStatus.DriverOk;
        Assert.IsTrue(driver.Status.HasFlag(DeviceStatus.NeedsReset));
        driver.Start();
        ExpectWorks(driver);
    }

    [TestMethod]
    public async Task QueueReady_WhileRunning_StopsAndStartsTheQueue()
    {
        await using var driver = NewDriver();
        driver.Start();
        ExpectWorks(driver);
        driver[MmioRegister.QueueReady] = 0;
        Assert.AreEqual(0u, driver[MmioRegister.QueueReady]);
        driver.Queues[0].Offer(0);
        driver[MmioRegister.QueueNotify] = 0;
        driver.Queues[0].Clear();
        driver.SetUp(0, driver.Queues[0].Layout);
        ExpectWorks(driver);
    }

    [TestMethod]
    public async Task QueueNotifyEvents_NotifyAsTheRegisterDoes()
    {
        await using var driver = NewDriver();
        driver.Start();
        for (var i = 0; i < 3; i++)
        {
            driver.Queues[0].Set(0, MmioDriver.Data, 64, DescriptorFlags.Write);
            driver.Queues[0].Offer(0);
            FileDescriptors.Write(driver.Transport.QueueNotifyEvents[0], [1, 0, 0, 0, 0, 0, 0, 0]);
            Assert.AreEqual((0u, 64u), driver.Take(0));
        }
    }

    [TestMethod]
    public async Task Pause_HoldsWhatIsAvailable_ResumeGoesOnThere()
    {
        await using var driver = NewDriver();
        driver.Start();
        ExpectWorks(driver);
        driver.Transport.Pause();
        driver.WaitForInterrupt(TimeSpan.Zero);
        driver.Queues[0].Offer(0);
        driver[MmioRegister.QueueNotify] = 0;
        Assert.IsFalse(driver.WaitForInterrupt(TimeSpan.FromMilliseconds(50)));
        Assert.IsFalse(driver.Queues[0].HasUsed);
        driver.Transport.Resume();
        Assert.AreEqual((0u, 64u), driver.Take(0));
        ExpectWorks(driver);
    }

    [TestMethod]
    public async Task SetMemory_OfADeviceThatIsLost_SaysThatTheOldIsStillNeeded()
    {
        var console = VirtioConsole.Create(new VirtioConsoleOptions { Output = _ => throw new IOException("broken") });
        var driver = new MmioDriver(console);
        driver.Start();
        driver.Queues[1].Set(0, MmioDriver.Data, 1);
        driver.Queues[1].Offer(0);
        driver[MmioRegister.QueueNotify] = 1;
        await Assert.ThrowsExactlyAsync<IOException>(() => console.Completed.WaitAsync(TimeSpan.FromSeconds(20)));

        Assert.ThrowsExactly<InvalidOperationException>(() => driver.Transport.SetMemory(driver.Memory));
        await Assert.ThrowsExactlyAsync<IOException>(() => driver.DisposeAsync().AsTask());
    }

    [TestMethod]
    public async Task SetMemory_KeepsRunningQueues_UnlessTheyAreGone()
    {
        await using var driver = NewDriver();
        driver.Start();
        ExpectWorks(driver);
        using var other = MemoryMapping.Anonymous(0x1000);
        var region = new GuestMemoryRegion(1UL << 32, 0x1000, other);
        driver.Transport.SetMemory(new GuestMemory([.. driver.Memory.Regions, region]));
        ExpectWorks(driver);
        driver.Transport.SetMemory(new GuestMemory([region]));
        Assert.IsTrue(driver.Status.HasFlag(DeviceStatus.NeedsReset));
        driver.Transport.SetMemory(driver.Memory);
        driver.Start();
        ExpectWorks(driver);
    }

    [TestMethod]
    public async Task Start_OfADeviceBehindATransport_IsRefused()
    {
        var device = VirtioRng.Create(NullLogger.Instance);
        await using var driver = new MmioDriver(device);
        Assert.ThrowsExactly<InvalidOperationException>(
            () => VirtioMmioTransport.Start(device, driver.Memory, driver.Interrupt, NullLogger.Instance));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Registers_OfADeviceThatHasEnded_DoNotBlockTheGuest()
    {
        var device = VirtioRng.Create(NullLogger.Instance);
        var driver = new MmioDriver(device);
        driver.Start();
        await device.DisposeAsync();
        driver.Status = DeviceStatus.None;
        Assert.AreEqual((DeviceStatus)0x4f, driver.Status, "It cannot give its queues back any more.");
        driver.Transport.Read((uint)MmioRegister.Configuration, new byte[4]);
        driver.Transport.Write((uint)MmioRegister.Configuration, new byte[4]);
        await driver.DisposeAsync();
    }

    private static MmioDriver NewDriver(RecordingLogger? logger = null) =>
        new(VirtioRng.Create((Microsoft.Extensions.Logging.ILogger?)logger ?? NullLogger.Instance), logger);

    private static void ExpectWorks(MmioDriver driver)
    {
        driver.Queues[0].Set(0, MmioDriver.Data, 64, DescriptorFlags.Write);
        for (var i = 0; i < 3; i++)
            Assert.AreEqual(64u, driver.Exchange(0, 0));
    }

    private static void BreakQueue(MmioDriver driver)
    {
        driver.WaitForInterrupt(TimeSpan.Zero);
        driver.Queues[0].AvailableIndex += (ushort)(driver.Queues[0].Layout.Size + 1);
        driver[MmioRegister.QueueNotify] = 0;
        Assert.IsTrue(driver.WaitForInterrupt());
    }
}
