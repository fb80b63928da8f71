using Kata.Virtio.Block;

namespace Kata.Virtio.Tests.Block;

[TestClass]
public sealed class BlockSteadyStateTests
{
    [TestMethod]
    public async Task Requests_InSteadyState_AllocateNothing()
    {
        await using var disk = new DiskDriver();
        var data = new byte[8192];
        Exchange(1000);
        var before = Allocated(disk.Disk);
        Exchange(5000);
        Assert.AreEqual(0L, Allocated(disk.Disk) - before);

        void Exchange(int rounds)
        {
            for (var i = 0; i < rounds; i++)
            {
                var sector = (ulong)(i % 1024);
                Assert.AreEqual(BlockStatus.Ok, disk.Send(BlockRequestType.In, sector, [], data, chunk: 3000));
                Assert.AreEqual(BlockStatus.Ok, disk.Send(BlockRequestType.Out, sector, data, [], chunk: 3000));
                Assert.AreEqual(BlockStatus.Ok, disk.SendRanges(BlockRequestType.WriteZeroes, new BlockRange { Sector = sector, SectorCount = 1 }));
                Assert.AreEqual(BlockStatus.IoError, disk.Send(BlockRequestType.In, ulong.MaxValue, [], data));
            }
        }
    }

    private static long Allocated(VirtioDevice device)
    {
        var allocated = 0L;
        using var done = new ManualResetEventSlim();
        device.Threads[0].Loop.Post(() =>
        {
            allocated = GC.GetAllocatedBytesForCurrentThread();
            done.Set();
        });
        done.Wait();
        return allocated;
    }
}
