using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;

namespace Kata.Virtio.Tests.Queues;

[TestClass]
public sealed class SplitQueueTests
{
    [TestMethod]
    public void TryPop_NothingAvailable_IsEmpty()
    {
        using var f = new QueueFixture();
        Assert.AreEqual(PopResult.Empty, f.Queue.TryPop(f.Buffers, out _));
        Assert.IsFalse(f.Queue.HasAvailable);
    }

    [TestMethod]
    public void TryPop_DirectChain_YieldsReadableThenWritable()
    {
        using var f = new QueueFixture();
        f.Driver.Set(3, QueueFixture.Data, 10, DescriptorFlags.Next, 5);
        f.Driver.Set(5, QueueFixture.Data + 10, 20, DescriptorFlags.Next, 1);
        f.Driver.Set(1, QueueFixture.Data + 100, 30, DescriptorFlags.Write);
        f.Driver.Offer(3);
        var chain = f.Pop();
        Assert.AreEqual(3, chain.Head);
        Assert.AreEqual((2, 30L), (chain.ReadableCount, chain.ReadableBytes));
        Assert.AreEqual((1, 30L), (chain.WritableCount, chain.WritableBytes));
        Assert.AreEqual(2, chain.WritableStart);
    }

    [TestMethod]
    public void TryPop_IndirectTable_IsWalkedFromItsFirstEntry()
    {
        using var f = new QueueFixture();
        var table = QueueFixture.Data;
        f.Driver.At<Descriptor>(table) = new Descriptor { Address = QueueFixture.Data + 64, Length = 5, Flags = DescriptorFlags.Next, Next = 2 };
        f.Driver.At<Descriptor>(table + 32) = new Descriptor { Address = QueueFixture.Data + 80, Length = 7, Flags = DescriptorFlags.Write };
        f.Driver.Set(6, table, 48, DescriptorFlags.Indirect);
        f.Driver.Offer(6);
        var chain = f.Pop();
        Assert.AreEqual((6, 5L, 7L), (chain.Head, chain.ReadableBytes, chain.WritableBytes));
    }

    [TestMethod]
    public void TryPop_BufferAcrossRegions_IsSplitAndCopiedWhole()
    {
        using var f = new QueueFixture();
        var address = QueueFixture.Seam - 3;
        for (var i = 0u; i < 8; i++)
            f.Driver.At<byte>(address + i) = (byte)(i + 1);
        f.Driver.Set(0, address, 8);
        f.Driver.Offer(0);
        var chain = f.Pop();
        Assert.AreEqual((2, 8L), (chain.ReadableCount, chain.ReadableBytes));
        var copy = new byte[8];
        Assert.AreEqual(8, f.Buffers.CopyTo(chain.ReadableStart, chain.ReadableCount, 0, copy));
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 }, copy);
        Assert.AreEqual(4, f.Buffers.CopyTo(chain.ReadableStart, chain.ReadableCount, 4, copy));
        CollectionAssert.AreEqual(new byte[] { 5, 6, 7, 8 }, copy[..4]);
    }

    [TestMethod]
    public void TryPop_EmptyDescriptors_AddNothing()
    {
        using var f = new QueueFixture();
        f.Driver.Set(0, QueueFixture.Data, 0, DescriptorFlags.Next, 1);
        f.Driver.Set(1, 0xffff_ffff_ffff_ffff, 0, DescriptorFlags.Write);
        f.Driver.Offer(0);
        var chain = f.Pop();
        Assert.AreEqual((0, 0L, 0, 0L), (chain.ReadableCount, chain.ReadableBytes, chain.WritableCount, chain.WritableBytes));
    }

    [TestMethod]
    public void Unpop_TakenChains_ComeAgain()
    {
        using var f = new QueueFixture();
        for (ushort i = 0; i < 3; i++)
        {
            f.Driver.Set(i, QueueFixture.Data, 4);
            f.Driver.Offer(i);
        }

        f.Pop();
        f.Pop();
        f.Pop();
        f.Queue.Unpop(2);
        Assert.AreEqual(1, f.Queue.Position);
        Assert.AreEqual(1, f.Pop().Head);
        Assert.AreEqual(2, f.Pop().Head);
    }

    [TestMethod]
    public void Queue_MoreThan65536Chains_WrapsAround()
    {
        using var f = new QueueFixture(size: 4);
        for (var i = 0; i < 70_000; i++)
        {
            var head = (ushort)(i % 4);
            f.Driver.Set(head, QueueFixture.Data + (uint)head, 1);
            f.Driver.Offer(head);
            f.Buffers.Truncate(0);
            Assert.AreEqual(head, f.Pop().Head);
            f.Queue.PushUsed(head, (uint)i);
            f.Queue.Publish();
            Assert.IsTrue(f.Driver.TryTakeUsed(out var id, out var written));
            Assert.AreEqual((head, (uint)i), ((ushort)id, written));
            Assert.IsFalse(f.Driver.TryTakeUsed(out _, out _));
        }
    }

    [TestMethod]
    public void Publish_EventIndex_InterruptsWhenTheWishIsPassed()
    {
        using var f = new QueueFixture();
        f.Driver.UsedEvent = 2;
        Use(f, 2);
        Assert.AreEqual(0, f.Interrupt.Count);
        Use(f, 1);
        Assert.AreEqual(1, f.Interrupt.Count);
        Use(f, 3);
        Assert.AreEqual(1, f.Interrupt.Count);
        f.Driver.UsedEvent = 6;
        Use(f, 2);
        Assert.AreEqual(2, f.Interrupt.Count);
    }

    [TestMethod]
    public void Publish_NothingPushed_DoesNothing()
    {
        using var f = new QueueFixture(eventIndex: false);
        f.Queue.Publish();
        Assert.AreEqual((0, 0), (f.Interrupt.Count, (int)f.Driver.UsedIndex));
    }

    [TestMethod]
    public void Publish_NoInterruptFlag_IsRespected()
    {
        using var f = new QueueFixture(eventIndex: false);
        f.Driver.AvailableFlags = 1;
        Use(f, 1);
        Assert.AreEqual(0, f.Interrupt.Count);
        f.Driver.AvailableFlags = 0;
        Use(f, 1);
        Assert.AreEqual(1, f.Interrupt.Count);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void EnableNotifications_BufferCameMeanwhile_SaysSo(bool eventIndex)
    {
        using var f = new QueueFixture(eventIndex: eventIndex);
        f.Queue.DisableNotifications();
        Assert.AreEqual(eventIndex ? 0 : 1, f.Driver.UsedFlags);
        Assert.IsFalse(f.Queue.EnableNotifications());
        Assert.AreEqual(0, f.Driver.UsedFlags);
        f.Driver.Set(0, QueueFixture.Data, 1);
        f.Driver.Offer(0);
        f.Pop();
        Assert.IsFalse(f.Queue.EnableNotifications());
        Assert.AreEqual(eventIndex ? 1 : 0, f.Driver.AvailableEvent);
        f.Driver.Offer(0);
        Assert.IsTrue(f.Queue.EnableNotifications());
    }

    [TestMethod]
    public void TryConfigure_ResumedQueue_GoesOnWhereItWas()
    {
        using var f = new QueueFixture();
        Use(f, 3);
        var resumed = new SplitQueue();
        Assert.IsTrue(resumed.TryConfigure(f.Memory, f.Driver.Layout, f.Queue.Position, f.Interrupt));
        Assert.AreEqual(PopResult.Empty, resumed.TryPop(f.Buffers, out _));
        f.Driver.Offer(0);
        Assert.AreEqual(PopResult.Chain, resumed.TryPop(f.Buffers, out var chain));
        resumed.PushUsed(chain.Head, 0);
        resumed.Publish();
        Assert.AreEqual(4, f.Driver.UsedIndex);
    }

    [TestMethod]
    [DataRow((ushort)0, 0UL, 0UL, 0UL, DisplayName = "size 0")]
    [DataRow((ushort)6, 0UL, 0UL, 0UL, DisplayName = "size no power of two")]
    [DataRow((ushort)8, 8UL, 0UL, 0UL, DisplayName = "descriptor table misaligned")]
    [DataRow((ushort)8, 0UL, 1UL, 0UL, DisplayName = "available ring misaligned")]
    [DataRow((ushort)8, 0UL, 0UL, 2UL, DisplayName = "used ring misaligned")]
    [DataRow((ushort)8, 0xfff0UL, 0UL, 0UL, DisplayName = "descriptor table across regions")]
    [DataRow((ushort)8, 0UL, 0x20000UL, 0UL, DisplayName = "available ring outside")]
    [DataRow((ushort)8, 0UL, 0UL, 0xffff_ffff_fffe_fffcUL, DisplayName = "used ring at the end of the address space")]
    public void TryConfigure_BadLayout_IsRefused(ushort size, ulong descriptors, ulong available, ulong used)
    {
        using var f = new QueueFixture();
        var layout = new QueueLayout
        {
            Size = size,
            DescriptorTable = QueueFixture.Base + descriptors,
            AvailableRing = QueueFixture.Base + available,
            UsedRing = QueueFixture.Base + used,
        };
        Assert.IsFalse(new SplitQueue().TryConfigure(f.Memory, layout, 0, f.Interrupt));
    }

    [TestMethod]
    public void GuestMemory_OverlappingRegions_AreRefused()
    {
        using var f = new QueueFixture();
        Assert.ThrowsExactly<ArgumentException>(() => new GuestMemory([f.First, f.First]));
    }

    private static void Use(QueueFixture f, int count)
    {
        for (var i = 0; i < count; i++)
        {
            f.Driver.Set(0, QueueFixture.Data, 1);
            f.Driver.Offer(0);
            f.Buffers.Truncate(0);
            f.Queue.PushUsed(f.Pop().Head, 0);
        }

        f.Queue.Publish();
    }
}
