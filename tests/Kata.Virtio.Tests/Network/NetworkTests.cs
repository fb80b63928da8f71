using Kata.Virtio.Network;
using Kata.Virtio.Tests.Fakes;

namespace Kata.Virtio.Tests.Network;

/// <summary>A driver by hand on one side, sockets of the host's kernel on the other.</summary>
[TestClass]
public sealed class NetworkTests
{
    private const ulong NoChecksum = NetworkFeatures.GuestChecksum | NetworkFeatures.GuestOffloads;

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Datagrams_AfterArp_ReachEachOther() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine(staticNeighbor: false);
        machine.Start();
        using var socket = HostSocket.Bind();
        HostSocket.Send(socket, "question"u8);
        byte[] request;
        do
            Assert.IsTrue(machine.TryTake(out _, out request, NetworkMachine.Limit), "The host does not ask for the guest.");
        while (Frames.TypeOf(request) != 0x0806);
        machine.Send(default, Frames.ArpReply(request));

        var (_, frame) = machine.TakePacket();
        Assert.IsTrue(Frames.PayloadOf(frame).SequenceEqual("question"u8));
        machine.Send(default, Frames.Datagram(machine.HostMac, 7, HostSocket.PortOf(socket), "answer"u8));
        CollectionAssert.AreEqual("answer"u8.ToArray(), HostSocket.Receive(socket));
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    [DataRow(new int[0])]
    [DataRow(new[] { 12 })]
    [DataRow(new[] { 5 })]
    [DataRow(new[] { 12, 26, 40 })]
    [DataRow(new[] { 1, 11, 13 })]
    public void Transmit_HeaderInAnyNumberOfBuffers_Arrives(int[] cuts) => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start();
        using var socket = HostSocket.Bind();
        machine.Send(default, Frames.Datagram(machine.HostMac, 7, HostSocket.PortOf(socket), "pieces"u8), 0, cuts);
        CollectionAssert.AreEqual("pieces"u8.ToArray(), HostSocket.Receive(socket));
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Transmit_ChecksumLeftToHost_Arrives() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start();
        using var socket = HostSocket.Bind();
        var frame = Frames.Datagram(machine.HostMac, 7, HostSocket.PortOf(socket), "partial"u8);
        var header = Frames.LeaveChecksum(frame);
        machine.Send(default, frame); // With a bad checksum and nobody asked to repair it: the host drops it.
        machine.Send(header, frame);
        CollectionAssert.AreEqual("partial"u8.ToArray(), HostSocket.Receive(socket));
        Assert.AreEqual(0, socket.Available);
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Receive_ChecksumOffload_IsWhatWasNegotiated() => NetworkMachine.InNewNamespace(() =>
    {
        using (var machine = new NetworkMachine())
        {
            machine.Start();
            using var socket = HostSocket.Bind();
            HostSocket.Send(socket, "offloaded"u8);
            var (header, frame) = machine.TakePacket();
            Assert.AreEqual((1, Frames.Ethernet + Frames.IPv4, 6), (header.Flags, header.ChecksumStart, header.ChecksumOffset));
            Assert.IsFalse(Frames.HasGoodChecksum(frame));
        }

        // The same TAP device again: it remembers nothing of the guest before.
        using (var network = new Linux.Netlink.NetworkConfigurator())
            network.DeleteLink(NetworkMachine.Tap);
        using (var machine = new NetworkMachine())
        {
            machine.Start(without: NoChecksum);
            using var socket = HostSocket.Bind();
            HostSocket.Send(socket, "complete"u8);
            var (header, frame) = machine.TakePacket();
            Assert.AreEqual(0, header.Flags);
            Assert.IsTrue(Frames.HasGoodChecksum(frame));
        }
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Reset_AfterOffloads_TapDoesTheWorkAgain() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start();
        machine.Restart(without: NoChecksum);
        using var socket = HostSocket.Bind();
        HostSocket.Send(socket, "complete"u8);
        Assert.IsTrue(Frames.HasGoodChecksum(machine.TakePacket().Frame));
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Configuration_TellsAddressLinkPairsAndMtu() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine(pairs: 2, mtu: 1400);
        CollectionAssert.AreEqual(new byte[] { 2, 0, 0, 0, 0, 2, 1, 0, 2, 0, 0x78, 5 }, machine.Configuration());
        Span<byte> beyond = [1, 2, 3, 4];
        machine.Model.ReadConfiguration(10, beyond);
        Assert.IsTrue(beyond.SequenceEqual((ReadOnlySpan<byte>)[0x78, 5, 0, 0]));
        machine.Model.ReadConfiguration(uint.MaxValue, beyond);
        Assert.IsTrue(beyond.SequenceEqual((ReadOnlySpan<byte>)[0, 0, 0, 0]));
        Assert.AreNotEqual(0UL, machine.Model.Features & NetworkFeatures.Mtu);
        Assert.AreNotEqual(0UL, machine.Model.Features & NetworkFeatures.MultiQueue);
        Assert.AreEqual(5, machine.Model.QueueCount);
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void SetLink_DownThenUp_TellsTheGuestAndPassesNothingMeanwhile() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start();
        using var socket = HostSocket.Bind();
        machine.Device.SetLink(false);
        Assert.IsTrue(SpinWait.SpinUntil(() => machine.Transport.Changes == 1, NetworkMachine.Limit));
        Assert.AreEqual(0, machine.Configuration()[6]);
        HostSocket.Send(socket, "later"u8);
        machine.ExpectNoPacket();
        machine.Send(default, Frames.Datagram(machine.HostMac, 7, HostSocket.PortOf(socket), "never"u8));

        machine.Device.SetLink(true);
        Assert.IsTrue(Frames.PayloadOf(machine.TakePacket().Frame).SequenceEqual("later"u8));
        Assert.AreEqual((1, 2), (machine.Configuration()[6], machine.Transport.Changes));
        machine.Send(default, Frames.Datagram(machine.HostMac, 7, HostSocket.PortOf(socket), "now"u8));
        CollectionAssert.AreEqual("now"u8.ToArray(), HostSocket.Receive(socket));
    });
}
