using CsCheck;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Tests.Queues;

[TestClass]
public sealed class HostileDriverTests
{
    private const DescriptorFlags Next = DescriptorFlags.Next, Write = DescriptorFlags.Write, Indirect = DescriptorFlags.Indirect;

    [TestMethod]
    public void TryPop_IndexTooFarAhead_IsBroken() =>
        Break(QueueError.AvailableIndexOutOfRange, f => f.Driver.AvailableIndex = 9);

    [TestMethod]
    public void TryPop_HeadBeyondTable_IsBroken() => Break(QueueError.DescriptorIndexOutOfRange, f => f.Driver.Offer(8));

    [TestMethod]
    public void TryPop_NextBeyondTable_IsBroken() =>
        Break(QueueError.DescriptorIndexOutOfRange, f => Offer(f, QueueFixture.Data, 1, Next, 0xffff));

    [TestMethod]
    public void TryPop_Loop_IsBroken() => Break(QueueError.ChainLoop, f => Offer(f, QueueFixture.Data, 1, Next, 0));

    [TestMethod]
    public void TryPop_LoopOfEmptyBuffers_IsBroken() => Break(QueueError.ChainLoop, f => Offer(f, QueueFixture.Data, 0, Next, 0));

    [TestMethod]
    public void TryPop_LoopInIndirectTable_IsBroken() => Break(QueueError.ChainLoop, f =>
    {
        f.Driver.At<Descriptor>(QueueFixture.Data) = new Descriptor { Address = QueueFixture.Data, Length = 1, Flags = Next };
        Offer(f, QueueFixture.Data, 16, Indirect);
    });

    [TestMethod]
    [DataRow(QueueFixture.Hole, 1u)]
    [DataRow(QueueFixture.Hole - 1, 2u)]
    [DataRow(QueueFixture.Base - 1, 2u)]
    [DataRow(0UL, 1u)]
    [DataRow(ulong.MaxValue, 1u)]
    [DataRow(ulong.MaxValue, uint.MaxValue)]
    [DataRow(QueueFixture.Data, uint.MaxValue)]
    public void TryPop_BufferOutsideMemory_IsBroken(ulong address, uint length) =>
        Break(QueueError.BufferOutOfRange, f => Offer(f, address, length, Write));

    [TestMethod]
    public void TryPop_ReadableAfterWritable_IsBroken() => Break(QueueError.ReadableAfterWritable, f =>
    {
        f.Driver.Set(1, QueueFixture.Data, 1);
        Offer(f, QueueFixture.Data, 1, Write | Next, 1);
    });

    [TestMethod]
    public void TryPop_IndirectNotNegotiated_IsBroken() =>
        Break(QueueError.IndirectNotNegotiated, f => Offer(f, QueueFixture.Data, 16, Indirect), indirect: false);

    [TestMethod]
    public void TryPop_NestedIndirect_IsBroken() => Break(QueueError.NestedIndirect, f =>
    {
        f.Driver.At<Descriptor>(QueueFixture.Data) = new Descriptor { Address = QueueFixture.Data, Length = 16, Flags = Indirect };
        Offer(f, QueueFixture.Data, 16, Indirect);
    });

    [TestMethod]
    public void TryPop_IndirectWithNext_IsBroken() => Break(QueueError.IndirectWithNext, f => Offer(f, QueueFixture.Data, 16, Indirect | Next, 1));

    [TestMethod]
    [DataRow(0u)]
    [DataRow(17u)]
    [DataRow(16u * 9)]
    [DataRow(uint.MaxValue)]
    public void TryPop_IndirectTableOfBadSize_IsBroken(uint length) =>
        Break(QueueError.IndirectTableSize, f => Offer(f, QueueFixture.Data, length, Indirect));

    [TestMethod]
    [DataRow(QueueFixture.Hole)]
    [DataRow(QueueFixture.Seam - 16)]
    public void TryPop_IndirectTableNotInOneRegion_IsBroken(ulong address) =>
        Break(QueueError.BufferOutOfRange, f => Offer(f, address, 32, Indirect));

    [TestMethod]
    public void TryPop_MoreBuffersThanAListHolds_IsBroken()
    {
        using var f = new QueueFixture(size: 8);
        for (var i = 0; i < BufferList.Capacity - 1; i++)
            Assert.IsTrue(f.Buffers.TryAdd(default));
        f.Driver.Set(1, QueueFixture.Data, 1);
        Offer(f, QueueFixture.Data, 1, Next, 1);
        Assert.AreEqual(PopResult.Broken, f.Queue.TryPop(f.Buffers, out _));
        Assert.AreEqual(QueueError.ChainTooLong, f.Queue.Error);
    }

    /// <summary>Whatever a driver writes into its rings, the buffers that come out lie in guest memory and the walk ends.</summary>
    [TestMethod]
    public void TryPop_RandomRings_NeverLeaveGuestMemory()
    {
        var flags = Gen.Frequency((6, Gen.Int[0, 7]), (1, Gen.Int[0, ushort.MaxValue])).Select(value => (DescriptorFlags)value);
        var address = Gen.Frequency(
            (6, Gen.ULong[QueueFixture.Base, QueueFixture.Hole]), (1, Gen.ULong), (1, Gen.ULong[QueueFixture.Seam - 64, QueueFixture.Seam]));
        var length = Gen.Frequency((4, Gen.UInt[0, 256]), (3, Gen.UInt[1, 8].Select(count => count * 16)), (1, Gen.UInt));
        var descriptor = Gen.Select(address, length, flags, Gen.UShort[0, 9], (a, l, f, n) => new Descriptor { Address = a, Length = l, Flags = f, Next = n });
        Gen.Select(descriptor.Array[8], descriptor.Array[16], Gen.UShort[0, 9].Array[8], Gen.UShort[0, 10]).Sample(
            (table, other, heads, available) =>
            {
                using var f = new QueueFixture();
                for (var i = 0; i < other.Length; i++)
                    f.Driver.At<Descriptor>(QueueFixture.Data + ((ulong)i * 16)) = other[i];
                for (var i = 0; i < table.Length; i++)
                    f.Driver.Descriptor(i) = (table[i].Flags & Indirect) != 0 && i % 2 == 0 ? table[i] with { Address = QueueFixture.Data } : table[i];
                foreach (var head in heads)
                    f.Driver.Offer(head);
                f.Driver.AvailableIndex = available;
                for (var pops = 0; pops < 10 && f.Queue.TryPop(f.Buffers, out var chain) == PopResult.Chain; pops++)
                {
                    Assert.AreEqual(chain.ReadableBytes, LengthInMemory(f, chain.ReadableStart, chain.ReadableCount));
                    Assert.AreEqual(chain.WritableBytes, LengthInMemory(f, chain.WritableStart, chain.WritableCount));
                }
            },
            iter: 5_000);
    }

    /// <summary>The length of ranges that all lie in guest memory.</summary>
    private static long LengthInMemory(QueueFixture f, int start, int count)
    {
        var total = 0L;
        foreach (var buffer in f.Buffers.Slice(start, count))
        {
            Assert.IsTrue(f.IsGuestMemory(buffer), $"0x{buffer.Address:x}, {buffer.Length} bytes, is no guest memory.");
            total += buffer.Length;
        }

        return total;
    }

    private static void Offer(QueueFixture f, ulong address, uint length, DescriptorFlags flags, int next = 0)
    {
        f.Driver.Set(0, address, length, flags, next);
        f.Driver.Offer(0);
    }

    private static void Break(QueueError expected, Action<QueueFixture> attack, bool indirect = true)
    {
        using var f = new QueueFixture(size: 8, indirect: indirect);
        attack(f);
        Assert.AreEqual(PopResult.Broken, f.Queue.TryPop(f.Buffers, out _));
        Assert.AreEqual(expected, f.Queue.Error);
        f.Driver.AvailableIndex = 0;
        Assert.AreEqual(PopResult.Broken, f.Queue.TryPop(f.Buffers, out _), "A broken queue stays broken.");
    }
}
