using System.Buffers.Binary;
using Kata.Virtio.Network;

namespace Kata.Virtio.Tests.Network;

[TestClass]
public sealed class ControlQueueTests
{
    private const byte Ok = 0, Error = 1;

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Commands_KnownAndUnknown_AreAnswered() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start();
        for (byte mode = 0; mode < 6; mode++)
            Assert.AreEqual(Ok, machine.Command(0, mode, 1));
        Assert.AreEqual(Error, machine.Command(0, 6, 1));
        Assert.AreEqual(Ok, machine.Command(1, 0, 0, 0, 0, 0, 0, 0, 0, 0), "An empty table of addresses.");
        Assert.AreEqual(Error, machine.Command(2, 0, 1, 0), "VLAN filters are not offered.");
        Assert.AreEqual(Error, machine.Command(4, 0, 1, 0), "One pair: no such feature.");
        Assert.AreEqual(Error, machine.Command(99, 0, 1));
        Assert.AreEqual(Error, machine.Command(0));
        Assert.AreEqual(Error, machine.Command(0, 0));
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void MacAddress_OfAStation_IsTaken() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start();
        Assert.AreEqual(Error, machine.Command(1, 1, 1, 0, 0x5e, 0, 0, 1), "A multicast address.");
        Assert.AreEqual(Error, machine.Command(1, 1, 2, 9, 9));
        CollectionAssert.AreEqual(NetworkMachine.GuestMac, machine.Configuration()[..6]);
        Assert.AreEqual(Ok, machine.Command(1, 1, 2, 9, 9, 9, 9, 9));
        CollectionAssert.AreEqual(new byte[] { 2, 9, 9, 9, 9, 9 }, machine.Configuration()[..6]);
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void GuestOffloads_SwitchedOff_TapDoesTheWork() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start(without: NetworkFeatures.GuestTcp6);
        using var socket = HostSocket.Bind();
        var command = new byte[10];
        command[0] = 5;
        Assert.AreEqual(Ok, machine.Command(command));
        HostSocket.Send(socket, "complete"u8);
        Assert.IsTrue(Frames.HasGoodChecksum(machine.TakePacket().Frame));

        BinaryPrimitives.WriteUInt64LittleEndian(command.AsSpan(2), NetworkFeatures.GuestChecksum | NetworkFeatures.GuestTcp4);
        Assert.AreEqual(Ok, machine.Command(command));
        HostSocket.Send(socket, "offloaded"u8);
        Assert.AreEqual(1, machine.TakePacket().Header.Flags);

        BinaryPrimitives.WriteUInt64LittleEndian(command.AsSpan(2), NetworkFeatures.GuestTcp6);
        Assert.AreEqual(Error, machine.Command(command), "Not negotiated.");
        BinaryPrimitives.WriteUInt64LittleEndian(command.AsSpan(2), ulong.MaxValue);
        Assert.AreEqual(Error, machine.Command(command));
        Assert.AreEqual(Error, machine.Command(command.AsSpan(0, 6)));
    });

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public void QueuePairs_OnAndOff_SpreadFrames() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine(pairs: 2);
        machine.Start();
        Assert.AreEqual((64, 0), Count(), "One pair until the driver asks for more.");
        Assert.AreEqual(Ok, machine.Command(4, 0, 2, 0));
        var (first, second) = Count();
        Assert.AreEqual(64, first + second);
        Assert.IsTrue(first > 0 && second > 0, $"{first} + {second}");
        // Both send.
        using var socket = HostSocket.Bind();
        for (var pair = 0; pair < 2; pair++)
        {
            machine.Send(default, Frames.Datagram(machine.HostMac, 7, HostSocket.PortOf(socket), [(byte)pair]), pair);
            Assert.AreEqual((byte)pair, HostSocket.Receive(socket)[0]);
        }

        Assert.AreEqual(Error, machine.Command(4, 0, 0, 0));
        Assert.AreEqual(Error, machine.Command(4, 0, 3, 0));
        Assert.AreEqual(Error, machine.Command(4, 0, 2));
        Assert.AreEqual(Ok, machine.Command(4, 0, 2, 0), "As it is.");
        Assert.AreEqual(Ok, machine.Command(4, 0, 1, 0));
        Assert.AreEqual((64, 0), Count());
        for (var i = 0; i < 50; i++)
        {
            Assert.AreEqual(Ok, machine.Command(4, 0, 2, 0));
            Assert.AreEqual(Ok, machine.Command(4, 0, 1, 0));
        }

        Assert.AreEqual(Ok, machine.Command(4, 0, 2, 0));
        (first, second) = Count();
        Assert.IsTrue(first > 0 && second > 0, $"{first} + {second}");

        // How many of 64 flows arrive at each pair.
        (int First, int Second) Count()
        {
            var counts = new int[2];
            for (var i = 0; i < 64; i++)
            {
                using var flow = HostSocket.Bind();
                HostSocket.Send(flow, "flow"u8);
            }

            for (var pair = 0; pair < 2; pair++)
            {
                while (counts[0] + counts[1] < 64 && machine.TryTake(out _, out var frame, TimeSpan.FromSeconds(1), pair))
                    counts[pair] += Frames.IsIPv4(frame) ? 1 : 0;
            }

            return (counts[0], counts[1]);
        }
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void ControlQueue_OfOnePairDriver_IsTheThird() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine(pairs: 2);
        machine.Start(without: NetworkFeatures.MultiQueue, buffers: 0);
        Assert.AreEqual(Ok, machine.CommandOn(machine.Rings[2], [0, 0, 1]));
        machine.Control.Driver.Offer(0);
        machine.Control.Notify();
        Assert.IsFalse(machine.Control.TryTakeUsed(TimeSpan.FromMilliseconds(100), out _, out _), "There is no fifth queue.");
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Reset_AfterSeveralPairs_LeavesOne() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine(pairs: 2);
        machine.Start();
        Assert.AreEqual(Ok, machine.Command(4, 0, 2, 0));
        machine.Restart();
        using var socket = HostSocket.Bind();
        for (var i = 0; i < 32; i++)
        {
            using var flow = HostSocket.Bind();
            HostSocket.Send(flow, [(byte)i]);
            Assert.AreEqual((byte)i, Frames.PayloadOf(machine.TakePacket().Frame)[0]);
        }
    });
}
