using System.Runtime.InteropServices;
using CsCheck;
using Kata.Virtio.Block;
using Kata.Virtio.Devices;
using Kata.Virtio.Mmio;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Mmio;

namespace Kata.Virtio.Tests.Block;

[TestClass]
public sealed class HostileDriverTests
{
    private const int Descriptors = 16;
    private const ulong HeadersAt = MmioDriver.Data;

    private static readonly Gen<Descriptor> Descriptor = Gen.Select(
        Gen.Frequency(
            (6, Gen.ULong[0, 64].Select(index => HeadersAt + (index * 16))),
            (3, Gen.ULong[HeadersAt, HeadersAt + 0x10000]),
            (1, Gen.ULong[MmioDriver.MemoryBytes - 64, MmioDriver.MemoryBytes + 64]),
            (1, Gen.ULong)),
        Gen.Frequency((4, Gen.Const(16u)), (3, Gen.UInt[0, 3]), (3, Gen.UInt[0, 8].Select(count => count * 512)), (1, Gen.UInt)),
        Gen.Frequency((8, Gen.Int[0, 3]), (1, Gen.Int[0, ushort.MaxValue])).Select(value => (DescriptorFlags)value),
        Gen.UShort[0, Descriptors],
        (address, length, flags, next) => new Descriptor { Address = address, Length = length, Flags = flags, Next = next });

    private static readonly Gen<BlockHeader> Header = Gen.Select(
        Gen.Frequency((8, Gen.UInt[0, 15]), (1, Gen.UInt)),
        Gen.UInt,
        Gen.Frequency((6, Gen.ULong[0, 2050]), (1, Gen.ULong)),
        (type, reserved, sector) => new BlockHeader { Type = (BlockRequestType)type, Reserved = reserved, Sector = sector });

    /// <summary>Whatever lies in queues and requests, the device comes back from a reset, and its thread lives.</summary>
    [TestMethod]
    public async Task RandomRequests_LeaveADeviceThatCanBeReset()
    {
        await using var disk = new DiskDriver();
        var driver = disk.Driver;
        var queue = driver.Queues[0];
        var broken = 0;
        Gen.Select(Descriptor.Array[Descriptors], Header.Array[65], Gen.UShort[0, Descriptors].Array[1, 16]).Sample(
            (descriptors, headers, heads) =>
            {
                driver.Start();
                MemoryMarshal.AsBytes(headers.AsSpan()).CopyTo(driver.At(HeadersAt, headers.Length * BlockHeader.Size));
                for (var i = 0; i < descriptors.Length; i++)
                    queue.Descriptor(i) = descriptors[i];
                foreach (var head in heads)
                    queue.Offer(head);
                driver[MmioRegister.QueueNotify] = 0;
                var limit = Environment.TickCount64 + 20_000;
                while (queue.UsedIndex != heads.Length && !driver.Status.HasFlag(DeviceStatus.NeedsReset))
                {
                    Assert.IsLessThan(limit, Environment.TickCount64, "The device neither answers nor gives up.");
                    driver.WaitForInterrupt(TimeSpan.FromMilliseconds(10));
                }

                broken += driver.Status.HasFlag(DeviceStatus.NeedsReset) ? 1 : 0;
            },
            iter: 1000,
            threads: 1);
        driver.Start();
        Assert.AreEqual(512, disk.Read(1, 512).Length);
        Assert.AreEqual(1 << 20, new FileInfo(disk.Path).Length, "The disk grew.");
        Assert.IsFalse(disk.Disk.Completed.IsCompleted);
        Assert.IsTrue(broken is > 10 and < 1000, $"{broken} of 1000 broke the queue: the generator reaches one side only.");
    }
}
