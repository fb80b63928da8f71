using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.Block;
using Kata.Virtio.Memory;
using Kata.Virtio.Mmio;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Mmio;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Block;

/// <summary>Many requests at once, which the kernel works on meanwhile when they go past the page cache.</summary>
[TestClass]
public sealed class BlockBackgroundTests
{
    private const int Requests = 80;
    private const int SectorBytes = 512;
    private const int Bytes = 8 * SectorBytes;

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task ManyReads_AllArrive_AndAllocateNothing(bool direct)
    {
        await using var disk = new DiskDriver(configure: options => options with { Direct = direct });
        Exchange();
        Assert.AreEqual(0L, disk.Disk.Threads[0].Loop.AllocatedDuring(Exchange));

        void Exchange()
        {
            for (var round = 0; round < 20; round++)
            {
                Offer(disk.Driver, BlockRequestType.In);
                TakeAll(disk.Driver, 0);
                for (var i = 0; i < Requests; i++)
                    Assert.IsTrue(Buffer(disk.Driver, i).SequenceEqual(disk.Content.AsSpan(i * Bytes, Bytes)), $"Request {i} of round {round}.");
            }
        }
    }

    /// <summary>A pause waits for what is on its way: afterwards the device touches no memory until it goes on.</summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task Pause_AmongManyReads_LeavesMemoryAlone(bool direct)
    {
        await using var disk = new DiskDriver(configure: options => options with { Direct = direct });
        var queue = disk.Driver.Queues[0];
        for (var round = 0; round < 50; round++)
        {
            Offer(disk.Driver, BlockRequestType.In);
            disk.Driver.Transport.Pause();
            var done = queue.UsedIndex;
            for (var i = 0; i < Requests; i++)
                Buffer(disk.Driver, i).Fill(0xaa);
            Assert.AreEqual(done, queue.UsedIndex);
            var finished = 0;
            while (queue.TryTakeUsed(out var head, out _))
            {
                finished++;
                Assert.AreEqual((byte)BlockStatus.Ok, disk.Driver.At(StatusAt((int)head / 3), 1)[0]);
            }

            for (var i = 0; i < Requests; i++)
                Assert.IsFalse(Buffer(disk.Driver, i).ContainsAnyExcept((byte)0xaa), "The device wrote while it was paused.");
            disk.Driver.Transport.Resume();
            TakeAll(disk.Driver, finished);
        }
    }

    [TestMethod]
    public async Task ManyWritesAndFlushes_AreAllThere()
    {
        await using var disk = new DiskDriver(configure: options => options with { Direct = true });
        for (byte round = 1; round < 10; round++)
        {
            for (var i = 0; i < Requests; i++)
            {
                Buffer(disk.Driver, i).Fill((byte)(round + i));
                disk.Content.AsSpan(i * Bytes, Bytes).Fill((byte)(round + i));
            }

            Offer(disk.Driver, BlockRequestType.Out);
            TakeAll(disk.Driver, 0);
            Assert.AreEqual(BlockStatus.Ok, disk.Send(BlockRequestType.Flush, 0, [], []));
            CollectionAssert.AreEqual(disk.Content, File.ReadAllBytes(disk.Path));
        }
    }

    [TestMethod]
    public async Task SetMemory_AmongManyReads_WaitsForThem()
    {
        await using var disk = new DiskDriver(configure: options => options with { Direct = true });
        using var other = MemoryMapping.Anonymous(0x1000);
        var larger = new GuestMemory([.. disk.Driver.Memory.Regions, new GuestMemoryRegion(1UL << 32, 0x1000, other)]);
        for (var round = 0; round < 20; round++)
        {
            Offer(disk.Driver, BlockRequestType.In);
            disk.Driver.Transport.SetMemory(round % 2 == 0 ? larger : disk.Driver.Memory);
            TakeAll(disk.Driver, 0);
        }
    }

    [TestMethod]
    public async Task Dispose_AmongManyReads_Ends()
    {
        for (var round = 0; round < 10; round++)
        {
            await using var disk = new DiskDriver(configure: options => options with { Direct = true });
            Offer(disk.Driver, BlockRequestType.In);
            if (round % 2 == 0)
                await disk.Disk.DisposeAsync();
        }
    }

    private static void Offer(MmioDriver driver, BlockRequestType type)
    {
        var queue = driver.Queues[0];
        for (var i = 0; i < Requests; i++)
        {
            var headerAt = MmioDriver.Data + ((ulong)i * 32);
            MemoryMarshal.Write(driver.At(headerAt, BlockHeader.Size), new BlockHeader { Type = type, Sector = (ulong)i * 8 });
            driver.At(StatusAt(i), 1)[0] = 0xee;
            queue.Set(i * 3, headerAt, BlockHeader.Size, DescriptorFlags.Next, (i * 3) + 1);
            var flags = DescriptorFlags.Next | (type == BlockRequestType.In ? DescriptorFlags.Write : DescriptorFlags.None);
            queue.Set((i * 3) + 1, BufferAt(i), Bytes, flags, (i * 3) + 2);
            queue.Set((i * 3) + 2, StatusAt(i), 1, DescriptorFlags.Write);
            queue.Offer((ushort)(i * 3));
        }

        driver[MmioRegister.QueueNotify] = 0;
    }

    private static void TakeAll(MmioDriver driver, int taken)
    {
        for (; taken < Requests; taken++)
        {
            var (head, _) = driver.Take(0);
            Assert.AreEqual((byte)BlockStatus.Ok, driver.At(StatusAt((int)head / 3), 1)[0]);
        }

        Assert.IsFalse(driver.Queues[0].HasUsed);
    }

    private static Span<byte> Buffer(MmioDriver driver, int index) => driver.At(BufferAt(index), Bytes);

    private static ulong BufferAt(int index) => MmioDriver.Data + 0x10000 + ((ulong)index * Bytes);

    private static ulong StatusAt(int index) => MmioDriver.Data + ((ulong)index * 32) + BlockHeader.Size;
}
