using Kata.Virtio.Block;
using Kata.Virtio.Tests.Support;

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
        Assert.AreEqual(0L, disk.Disk.Threads[0].Loop.AllocatedDuring(() => Exchange(2000)));

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
}
