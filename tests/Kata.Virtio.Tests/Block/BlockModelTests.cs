using CsCheck;
using Kata.Virtio.Block;

namespace Kata.Virtio.Tests.Block;

/// <summary>Random requests, split at random, against an array.</summary>
[TestClass]
public sealed class BlockModelTests
{
    private const int Sectors = 2048;
    private const int SectorBytes = 512;

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task Requests_DoWhatTheyWouldToAnArray(bool direct)
    {
        await using var disk = new DiskDriver(Sectors * SectorBytes, options => options with { Direct = direct, QueueCount = 2 });
        var model = (byte[])disk.Content.Clone();
        var canDiscard = (disk.Driver.OfferedFeatures & BlockFeatures.Discard) != 0;
        var step = Gen.Select(Gen.Int[0, 6], Gen.Int[0, Sectors + 2], Gen.Int[0, 64], Gen.Int[1, 5000], Gen.Bool, Gen.Int[0, 5000]);
        step.Array[1, 20].Sample(
            steps =>
            {
                foreach (var (kind, sector, count, chunk, indirect, seed) in steps)
                {
                    var queue = seed % 2;
                    var fits = sector + count <= Sectors;
                    var expected = fits ? BlockStatus.Ok : BlockStatus.IoError;
                    var range = fits ? model.AsSpan(sector * SectorBytes, count * SectorBytes) : default;
                    var data = new byte[count * SectorBytes];
                    switch (kind)
                    {
                        case 0 or 1:
                            Assert.AreEqual(
                                expected, disk.Send(BlockRequestType.In, (ulong)sector, [], data, chunk, indirect, queue, misalignment: seed & ~511));
                            Assert.IsTrue(!fits || range.SequenceEqual(data));
                            break;
                        case 2 or 3:
                            new Random(seed).NextBytes(data);
                            Assert.AreEqual(
                                expected, disk.Send(BlockRequestType.Out, (ulong)sector, data, [], chunk, indirect, queue, misalignment: seed & 4080));
                            if (fits)
                                data.CopyTo(range);
                            break;
                        case 4 when canDiscard:
                            Assert.AreEqual(
                                expected, disk.SendRanges(BlockRequestType.Discard, new BlockRange { Sector = (ulong)sector, SectorCount = (uint)count }));
                            range.Clear();
                            break;
                        case 5:
                            Assert.AreEqual(
                                expected,
                                disk.SendRanges(
                                    BlockRequestType.WriteZeroes,
                                    new BlockRange { Sector = (ulong)sector, SectorCount = (uint)count, Flags = (uint)seed & 1 }));
                            range.Clear();
                            break;
                        default:
                            Assert.AreEqual(BlockStatus.Ok, disk.Send(BlockRequestType.Flush, 0, [], [], chunk, indirect, queue));
                            disk.Driver.Transport.Pause();
                            disk.Driver.Transport.Resume();
                            break;
                    }
                }
            },
            iter: 100,
            threads: 1);
        CollectionAssert.AreEqual(model, await File.ReadAllBytesAsync(disk.Path));
    }
}
