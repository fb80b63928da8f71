using CsCheck;
using Kata.Linux;
using Kata.Virtio.Network;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Network;

/// <summary>Guests that break the rules harm themselves only.</summary>
[TestClass]
public sealed class HostileNetworkGuestTests
{
    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Transmit_MalformedFrames_AreDroppedAndReturned() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start(without: NetworkFeatures.HostTcp6);
        using var socket = HostSocket.Bind();
        var good = Frames.Datagram(machine.HostMac, 7, HostSocket.PortOf(socket), "good"u8);
        machine.Send(default, []);
        machine.Send(default, good.AsSpan(0, 13));
        machine.Send(default, new byte[NetworkLimits.MaxFrameBytes - NetworkHeader.Size + 1]);
        machine.Send(new NetworkHeader { HeaderLength = ushort.MaxValue }, good);
        machine.Send(new NetworkHeader { Flags = 1, ChecksumStart = 34, ChecksumOffset = 100 }, good);
        machine.Send(new NetworkHeader { Flags = 1, ChecksumStart = ushort.MaxValue, ChecksumOffset = ushort.MaxValue }, good);
        machine.Send(new NetworkHeader { Flags = 1, ChecksumStart = 3, ChecksumOffset = 6 }, good);
        foreach (byte type in (byte[])[2, 3, 4, 6, 0x80, 0x85, 0xff])
            machine.Send(new NetworkHeader { Flags = 1, SegmentationType = type, SegmentSize = 100, ChecksumStart = 34, ChecksumOffset = 6 }, good);
        machine.Send(new NetworkHeader { Flags = 1, SegmentationType = 1, SegmentSize = 7, ChecksumStart = 34, ChecksumOffset = 16 }, good);
        machine.Send(new NetworkHeader { SegmentationType = 1, SegmentSize = 100 }, good);
        machine.Send(default, good);
        CollectionAssert.AreEqual("good"u8.ToArray(), HostSocket.Receive(socket));
        Assert.AreEqual(0, socket.Available);
        Assert.AreEqual(0, machine.Transport.Resets);
        Assert.AreEqual(1, machine.Logger.Lines.Count(line => line.Contains("malformed", StringComparison.Ordinal)), machine.Logger.ToString());
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Transmit_FrameThatTheKernelRefuses_IsDroppedAndReturned() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start();
        using var socket = HostSocket.Bind();
        var good = Frames.Datagram(machine.HostMac, 7, HostSocket.PortOf(socket), "good"u8);
        // TCP segmentation of a datagram.
        machine.Send(new NetworkHeader { Flags = 1, SegmentationType = 1, SegmentSize = 100, ChecksumStart = 34, ChecksumOffset = 6 }, good);
        using (var network = new Linux.Netlink.NetworkConfigurator())
        {
            network.SetLinkFlags(machine.TapIndex, 0, Linux.Netlink.NetworkLink.Up);
            machine.Send(default, good);
            network.SetLinkFlags(machine.TapIndex, Linux.Netlink.NetworkLink.Up, Linux.Netlink.NetworkLink.Up);
        }

        machine.Send(default, good);
        CollectionAssert.AreEqual("good"u8.ToArray(), HostSocket.Receive(socket));
        Assert.AreEqual(0, machine.Transport.Resets);
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void TapDevice_Deleted_DeviceSurvives() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine(pairs: 2);
        machine.Start();
        using (var network = new Linux.Netlink.NetworkConfigurator())
            Assert.IsTrue(network.DeleteLink(NetworkMachine.Tap));
        machine.Send(default, new byte[100]);
        machine.Send(default, new byte[100], pair: 1);
        Assert.AreEqual(1, machine.Command(4, 0, 2, 0), "The TAP device is gone.");
        machine.Restart();
        machine.Send(default, new byte[100]);
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    [DataRow(0, 0, 100u, DisplayName = "receive buffer is readable")]
    [DataRow(0, 2, 11u, DisplayName = "receive buffer has no room for a header")]
    [DataRow(0, 2, uint.MaxValue, DisplayName = "receive buffer outside of memory")]
    [DataRow(1, 2, 100u, DisplayName = "frame is writable")]
    [DataRow(1, 1, 100u, DisplayName = "frame is a loop")]
    [DataRow(2, 4, 7u, DisplayName = "command is a broken table")]
    public void Ring_Broken_StopsThePairUntilReset(int queue, int flags, uint length) => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start(buffers: 0);
        using var socket = HostSocket.Bind();
        machine.Rings[queue].Driver.Set(0, 0x100000, length, (DescriptorFlags)flags);
        machine.Rings[queue].Offer(0);
        HostSocket.Send(socket, "lost"u8);
        Assert.IsTrue(SpinWait.SpinUntil(() => machine.Transport.Resets > 0, NetworkMachine.Limit));
        Assert.IsTrue(machine.Logger.Lines.Any(line => line.StartsWith("Error: network device stopped", StringComparison.Ordinal)));
        machine.Restart();
        HostSocket.Send(socket, "again"u8);
        Assert.IsTrue(SpinWait.SpinUntil(() => Frames.PayloadOf(machine.TakePacket().Frame).SequenceEqual("again"u8), NetworkMachine.Limit));
    });

    /// <summary>Random rings and headers on all queues while the host sends: the device survives, and works after a reset.</summary>
    [TestMethod]
    [Timeout(120_000, CooperativeCancellation = true)]
    public void Rings_Random_DeviceKeepsWorking() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        using var socket = HostSocket.Bind();
        HostSocket.TrySetSegmentation(socket, 1000);
        var data = SegmentationTests.Pattern(10_000);
        var address = Gen.Frequency(
            (8, Gen.ULong[0x200000, 0x2000000]), (1, Gen.ULong[0, 0x40000]),
            (1, Gen.ULong[NetworkMachine.MemoryBytes - 64, NetworkMachine.MemoryBytes]), (1, Gen.ULong));
        var length = Gen.Frequency((4, Gen.UInt[0, 100]), (4, Gen.UInt[0, 5_000]), (1, Gen.UInt));
        var descriptor = Gen.Select(
            address, length, Gen.Frequency((8, Gen.Int[0, 3]), (1, Gen.Int[0, 7])), Gen.UShort[0, 16],
            (a, l, f, n) => new Descriptor { Address = a, Length = l, Flags = (DescriptorFlags)f, Next = n });
        var ring = Gen.Select(descriptor.Array[16], Gen.UShort[0, 16].Array[0, 16]);
        machine.Start(buffers: 0);
        var allocated = machine.Loop().AllocatedBytes();
        Gen.Select(ring, ring, ring, Gen.ULong, Gen.ULong[0, 255].Array[64]).Sample(
            (receive, transmit, control, without, bytes) =>
            {
                machine.Restart(without, buffers: 0);
                for (var i = 0; i < bytes.Length; i++)
                    machine.Memory(0x200000 + ((ulong)i * 16), 1)[0] = (byte)bytes[i];
                foreach (var (index, (table, heads)) in new[] { receive, transmit, control }.Index())
                {
                    for (var i = 0; i < table.Length; i++)
                        machine.Rings[index].Driver.Descriptor(i) = table[i];
                    foreach (var head in heads)
                        machine.Rings[index].Driver.Offer(head);
                    HostSocket.Send(socket, data);
                    machine.Rings[index].Notify();
                }
            },
            iter: 400, threads: 1);
        Assert.IsLessThan(2L << 20, machine.Loop().AllocatedBytes() - allocated, "400 restarts and what the guest did in between.");
        Assert.IsFalse(machine.Device.Completed.IsCompleted);
        machine.Restart();
        machine.Rings[2].Driver.Clear();
        // Again and again: as long as the kernel's queue is full of what nobody had buffers for, it drops the next.
        do
            HostSocket.Send(socket, "still there"u8);
        while (!Frames.PayloadOf(machine.TakePacket().Frame).SequenceEqual("still there"u8));
    });

    /// <summary>Random headers in front of real packets: whatever passes our checks is for the kernel to judge.</summary>
    [TestMethod]
    [Timeout(120_000, CooperativeCancellation = true)]
    public void Headers_Random_FramesComeBack() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start();
        using var socket = HostSocket.Bind();
        var frames = new[]
        {
            Frames.Datagram(machine.HostMac, 7, HostSocket.PortOf(socket), SegmentationTests.Pattern(3000)),
            Frames.TcpSegment(machine.HostMac, 7, HostSocket.PortOf(socket), 1, 1, 16, SegmentationTests.Pattern(5000)),
        };
        var small = Gen.Frequency((8, Gen.UShort[0, 60]), (2, Gen.UShort));
        var type = Gen.Frequency((8, Gen.Byte[0, 5]), (1, Gen.Byte));
        Gen.Select(
            Gen.Int[0, 1], Gen.Byte[0, 3], type, small, small, Gen.Select(small, small, Gen.Int[1, 3000]),
            (which, flags, kind, headerLength, size, rest) => (which, rest.Item3, new NetworkHeader
            {
                Flags = flags,
                SegmentationType = kind,
                HeaderLength = headerLength,
                SegmentSize = size,
                ChecksumStart = rest.Item1,
                ChecksumOffset = rest.Item2,
            })).Sample((which, length, header) => machine.Send(header, frames[which].AsSpan(0, length)), iter: 3000, threads: 1);
        Assert.AreEqual(0, machine.Transport.Resets);
    });

    [TestMethod]
    public void Header_HasTheSizeOfTheKernels() =>
        Assert.AreEqual((NetworkHeader.Size, TapDevice.HeaderBytes), (System.Runtime.CompilerServices.Unsafe.SizeOf<NetworkHeader>(), NetworkHeader.Size));
}
