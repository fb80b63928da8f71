using System.Runtime.CompilerServices;
using System.Text;
using Kata.Linux;
using Kata.Virtio.Block;
using Kata.Virtio.Mmio;
using Kata.Virtio.Tests.Mmio;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Block;

[TestClass]
public sealed class VirtioBlockTests
{
    [TestMethod]
    public void Structures_HaveTheirWireSizes() => Assert.AreEqual(
        (BlockConfiguration.Size, BlockHeader.Size, BlockRange.Size),
        (Unsafe.SizeOf<BlockConfiguration>(), Unsafe.SizeOf<BlockHeader>(), Unsafe.SizeOf<BlockRange>()));

    [TestMethod]
    public async Task Configuration_DescribesTheDisk()
    {
        await using var disk = new DiskDriver(bytes: (1 << 20) + 511, options => options with { QueueCount = 3 });
        var configuration = disk.Configuration;
        Assert.AreEqual((2048UL, 254u, 512u), (configuration.Capacity, configuration.SegmentsMax, configuration.BlockSize));
        Assert.AreEqual(((byte)1, (ushort)3), (configuration.WriteBack, configuration.QueueCount));
        Assert.AreEqual((byte)3, configuration.PhysicalBlockExponent);
        Assert.HasCount(3, disk.Driver.Queues);
        var one = new byte[1];
        disk.Driver.Transport.Read(0x100 + 1, one);
        Assert.AreEqual((byte)(2048 >> 8), one[0]);
        disk.Driver.Transport.Read(0x100 + 4000, one);
        Assert.AreEqual((byte)0, one[0]);
    }

    [TestMethod]
    public async Task ReadAndWrite_MoveTheFilesBytes()
    {
        await using var disk = new DiskDriver();
        CollectionAssert.AreEqual(disk.Content[..4096], disk.Read(0, 4096));
        CollectionAssert.AreEqual(disk.Content[^512..], disk.Read(2047, 512));
        var data = Encoding.ASCII.GetBytes(new string('x', 1024));
        Assert.AreEqual(BlockStatus.Ok, disk.Write(7, data));
        Assert.AreEqual(BlockStatus.Ok, disk.Send(BlockRequestType.Flush, 0, [], []));
        data.CopyTo(disk.Content.AsSpan(7 * 512));
        CollectionAssert.AreEqual(disk.Content, File.ReadAllBytes(disk.Path));
    }

    [TestMethod]
    [DataRow(2048UL, 512, DisplayName = "behind the end")]
    [DataRow(2047UL, 1024, DisplayName = "across the end")]
    [DataRow(ulong.MaxValue, 512, DisplayName = "the last sector there could be")]
    [DataRow(ulong.MaxValue / 512, 512, DisplayName = "overflows as bytes")]
    [DataRow(0UL, 100, DisplayName = "part of a sector")]
    public async Task Transfer_OutsideTheDisk_Fails(ulong sector, int bytes)
    {
        var logger = new RecordingLogger();
        await using var disk = new DiskDriver(logger: logger);
        Assert.AreEqual(BlockStatus.IoError, disk.Send(BlockRequestType.In, sector, [], new byte[bytes]));
        Assert.AreEqual(BlockStatus.IoError, disk.Write(sector, new byte[bytes]));
        Assert.AreEqual(BlockStatus.IoError, disk.SendRanges(BlockRequestType.WriteZeroes, new BlockRange { Sector = sector | 1, SectorCount = uint.MaxValue }));
        CollectionAssert.AreEqual(disk.Content, File.ReadAllBytes(disk.Path));
        StringAssert.Contains(logger.ToString(), "malformed");
        Assert.AreEqual((Kata.Virtio.Devices.DeviceStatus)0xf, disk.Driver.Status, "A bad request is no reason to stop.");
    }

    [TestMethod]
    public async Task UnknownRequests_AreUnsupported()
    {
        await using var disk = new DiskDriver();
        foreach (var type in new uint[] { 2, 10, 14, 0x8000_0000, uint.MaxValue })
            Assert.AreEqual(BlockStatus.Unsupported, disk.Send((BlockRequestType)type, 0, [], new byte[512]));
        var range = new BlockRange { SectorCount = 1, Flags = 2 };
        Assert.AreEqual(BlockStatus.Unsupported, disk.SendRanges(BlockRequestType.WriteZeroes, range));
        Assert.AreEqual(BlockStatus.Unsupported, disk.SendRanges(BlockRequestType.Discard, range with { Flags = 1 }));
    }

    [TestMethod]
    public async Task ReadOnlyDisk_OffersNoChangesAndTakesNone()
    {
        await using var disk = new DiskDriver(configure: options => options with { ReadOnly = true });
        Assert.AreEqual(
            BlockFeatures.ReadOnly,
            disk.Driver.OfferedFeatures & (BlockFeatures.ReadOnly | BlockFeatures.Discard | BlockFeatures.WriteZeroes | BlockFeatures.ConfigurableCache));
        Assert.AreEqual(BlockStatus.IoError, disk.Write(0, new byte[512]));
        Assert.AreEqual(BlockStatus.Unsupported, disk.SendRanges(BlockRequestType.WriteZeroes, new BlockRange { SectorCount = 1 }));
        Assert.AreEqual(BlockStatus.Unsupported, disk.SendRanges(BlockRequestType.Discard, new BlockRange { SectorCount = 1 }));
        Assert.AreEqual(BlockStatus.Ok, disk.Send(BlockRequestType.Flush, 0, [], []));
        CollectionAssert.AreEqual(disk.Content[..512], disk.Read(0, 512));
        CollectionAssert.AreEqual(disk.Content, File.ReadAllBytes(disk.Path));
    }

    [TestMethod]
    [DataRow(null, "")]
    [DataRow("disk-7", "disk-7")]
    [DataRow("exactly-twenty-bytes", "exactly-twenty-bytes")]
    public async Task GetId_AnswersTheSerialNumber(string? serial, string expected)
    {
        await using var disk = new DiskDriver(configure: options => options with { Serial = serial });
        var answer = new byte[20];
        Assert.AreEqual(BlockStatus.Ok, disk.Send(BlockRequestType.GetId, 0, [], answer, chunk: 7));
        Assert.AreEqual(expected, Encoding.ASCII.GetString(answer).TrimEnd('\0'));
    }

    [TestMethod]
    public async Task DiscardAndWriteZeroes_LeaveZeros()
    {
        await using var disk = new DiskDriver();
        if ((disk.Driver.OfferedFeatures & BlockFeatures.Discard) == 0)
            Assert.Inconclusive("The file system of the temporary directory cannot punch holes.");
        Assert.AreEqual(
            BlockStatus.Ok,
            disk.SendRanges(BlockRequestType.Discard, new BlockRange { Sector = 8, SectorCount = 16 }, new BlockRange { Sector = 100, SectorCount = 1 }));
        Assert.AreEqual(BlockStatus.Ok, disk.SendRanges(BlockRequestType.WriteZeroes, new BlockRange { Sector = 200, SectorCount = 3 }));
        Assert.AreEqual(BlockStatus.Ok, disk.SendRanges(BlockRequestType.WriteZeroes, new BlockRange { Sector = 300, SectorCount = 64, Flags = 1 }));
        foreach (var (sector, count) in new[] { (8, 16), (100, 1), (200, 3), (300, 64) })
            disk.Content.AsSpan(sector * 512, count * 512).Clear();
        CollectionAssert.AreEqual(disk.Content, File.ReadAllBytes(disk.Path));
        Assert.AreEqual(BlockStatus.IoError, disk.SendRanges(BlockRequestType.Discard), "No range at all.");
        Assert.AreEqual(BlockStatus.IoError, disk.SendRanges(BlockRequestType.Discard, new BlockRange[33]));
        Assert.AreEqual(BlockStatus.IoError, disk.Send(BlockRequestType.Discard, 0, new byte[15], []));
    }

    [TestMethod]
    public async Task Cache_IsWhatDriverAndDeviceAgreeOn()
    {
        const ulong Flush = BlockFeatures.Flush, Configurable = BlockFeatures.ConfigurableCache;
        foreach (var (exclude, expected) in new[] { (0UL, true), (Configurable, true), (Flush | Configurable, false) })
        {
            await using var disk = new DiskDriver(exclude: exclude);
            var model = (BlockDevice)disk.Disk.Model;
            Assert.AreEqual(expected, model.IsWriteBack);
            Assert.AreEqual(BlockStatus.Ok, disk.Write(0, new byte[512]));
            disk.Driver.Transport.Write(0x100 + BlockConfiguration.WriteBackOffset, [0]);
            Assert.AreEqual(expected && exclude != 0, model.IsWriteBack);
            Assert.AreEqual((byte)0, disk.Configuration.WriteBack);
            Assert.AreEqual(BlockStatus.Ok, disk.Write(0, new byte[512]));
            disk.Driver.Start(exclude);
            Assert.AreEqual((expected, (byte)1), (model.IsWriteBack, disk.Configuration.WriteBack), "A reset forgets the wish.");
        }
    }

    [TestMethod]
    public async Task Queues_WorkIndependently()
    {
        await using var disk = new DiskDriver(configure: options => options with { QueueCount = 4 });
        for (var queue = 3; queue >= 0; queue--)
        {
            var data = new byte[512];
            Assert.AreEqual(BlockStatus.Ok, disk.Send(BlockRequestType.In, (ulong)queue, [], data, queue: queue));
            CollectionAssert.AreEqual(disk.Content.AsSpan(queue * 512, 512).ToArray(), data);
        }
    }

    [TestMethod]
    public async Task Resize_TellsTheDriver()
    {
        await using var disk = new DiskDriver();
        var generation = disk.Driver[MmioRegister.ConfigurationGeneration];
        using (var file = File.OpenWrite(disk.Path))
            file.SetLength(2 << 20);
        Assert.AreEqual(BlockStatus.IoError, disk.Send(BlockRequestType.In, 4095, [], new byte[512]));
        disk.Disk.Resize();
        while (disk.Driver[MmioRegister.InterruptStatus] != 3)
            Assert.IsTrue(disk.Driver.WaitForInterrupt());
        Assert.AreNotEqual(generation, disk.Driver[MmioRegister.ConfigurationGeneration]);
        Assert.AreEqual(4096UL, disk.Configuration.Capacity);
        CollectionAssert.AreEqual(new byte[512], disk.Read(4095, 512));
        using (var file = File.OpenWrite(disk.Path))
            file.SetLength(1 << 20);
        Assert.AreEqual(BlockStatus.IoError, disk.Send(BlockRequestType.In, 4095, [], new byte[512]), "The file is shorter than it was said to be.");
    }

    [TestMethod]
    public async Task Create_OfADiskInUse_IsRefused()
    {
        using var directory = new TemporaryDirectory();
        var options = new VirtioBlockOptions { Path = directory.File("disk") };
        File.WriteAllBytes(options.Path, new byte[4096]);
        await using (VirtioBlock.Create(options))
        {
            foreach (var readOnly in new[] { false, true })
            {
                var error = Assert.ThrowsExactly<IOException>(() => VirtioBlock.Create(options with { ReadOnly = readOnly }));
                StringAssert.Contains(error.Message, options.Path);
            }
        }

        await using var first = VirtioBlock.Create(options with { ReadOnly = true });
        await using var second = VirtioBlock.Create(options with { ReadOnly = true });
        Assert.ThrowsExactly<IOException>(() => VirtioBlock.Create(options));
    }

    [TestMethod]
    public void Create_OfNoDisk_SaysWhatIsWrong()
    {
        using var directory = new TemporaryDirectory();
        var options = new VirtioBlockOptions { Path = directory.File("disk") };
        var missing = Assert.ThrowsExactly<LinuxException>(() => VirtioBlock.Create(options));
        Assert.AreEqual(Errno.ENOENT, missing.Errno);
        StringAssert.Contains(missing.Message, options.Path);
        File.WriteAllBytes(options.Path, new byte[511]);
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => VirtioBlock.Create(options)).Message, "smaller than a sector");
        var noFile = Assert.ThrowsExactly<IOException>(() => VirtioBlock.Create(options with { Path = directory.Path, ReadOnly = true }));
        StringAssert.Contains(noFile.Message, nameof(FileKind.Directory));
        Assert.ThrowsExactly<IOException>(() => VirtioBlock.Create(options with { Path = "/dev/null" }));
        Assert.ThrowsExactly<ArgumentException>(() => VirtioBlock.Create(options with { Serial = new string('x', 21) }));
        Assert.ThrowsExactly<ArgumentException>(() => VirtioBlock.Create(options with { Serial = "ä" }));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => VirtioBlock.Create(options with { QueueCount = 0 }));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => VirtioBlock.Create(options with { QueueCount = 17 }));
    }

    [TestMethod]
    public async Task Request_WithoutRoomForAStatus_IsDropped()
    {
        await using var disk = new DiskDriver();
        disk.Driver.Queues[0].Set(0, MmioDriver.Data, 16);
        Assert.AreEqual(0u, disk.Driver.Exchange(0, 0));
        disk.Driver.Queues[0].Set(0, MmioDriver.Data, 15, Virtio.Queues.DescriptorFlags.Next, 1);
        disk.Driver.Queues[0].Set(1, MmioDriver.Data + 100, 1, Virtio.Queues.DescriptorFlags.Write);
        Assert.AreEqual(1u, disk.Driver.Exchange(0, 0), "A header of 15 bytes.");
        Assert.AreEqual((byte)BlockStatus.IoError, disk.Driver.At(MmioDriver.Data + 100, 1)[0]);
        CollectionAssert.AreEqual(disk.Content[..512], disk.Read(0, 512));
    }
}
