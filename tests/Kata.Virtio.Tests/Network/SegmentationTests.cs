using Kata.Virtio.Network;

namespace Kata.Virtio.Tests.Network;

/// <summary>Frames larger than the MTU, both ways: those of the kernel, and those of a guest that the kernel cuts.</summary>
[TestClass]
public sealed class SegmentationTests
{
    private const byte Tcp4 = 1, Udp = 5;

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Tcp_BothWays_MovesLargeFrames() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start();
        using var stream = new TcpStream(machine);
        var data = Pattern(60_000);
        stream.Socket.Send(data, 0, 30_000, System.Net.Sockets.SocketFlags.None);
        var (received, largest) = stream.Receive(30_000);
        Assert.IsTrue(received.AsSpan().SequenceEqual(data.AsSpan(0, 30_000)));
        Assert.AreEqual((Tcp4, (byte)1), (largest.SegmentationType, largest.Flags));
        Assert.IsGreaterThan((ushort)0, largest.SegmentSize);

        stream.SendLarge(data, 1000);
        var arrived = new byte[data.Length];
        for (var count = 0; count < arrived.Length;)
            count += stream.Socket.Receive(arrived, count, arrived.Length - count, System.Net.Sockets.SocketFlags.None);
        Assert.IsTrue(arrived.AsSpan().SequenceEqual(data));
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    [DataRow(1536, 14)]
    [DataRow(512, 40)]
    [DataRow(4096, 5)]
    public void Udp_ToGuest_SpansBuffers(int bufferBytes, int buffers) => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start(bufferBytes: bufferBytes);
        RequireUdp(machine);
        using var socket = HostSocket.Bind();
        Assert.IsTrue(HostSocket.TrySetSegmentation(socket, 1000));
        var data = Pattern(20_000);
        for (var i = 0; i < 50; i++)
        {
            HostSocket.Send(socket, data);
            var (header, frame) = machine.TakePacket();
            Assert.AreEqual((Udp, (ushort)1000, (ushort)buffers), (header.SegmentationType, header.SegmentSize, header.BufferCount));
            Assert.IsTrue(Frames.PayloadOf(frame).SequenceEqual(data));
        }
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Udp_NotNegotiated_ComesInPieces() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start(without: NetworkFeatures.GuestUdp4);
        using var socket = HostSocket.Bind();
        if (!HostSocket.TrySetSegmentation(socket, 1000))
            Assert.Inconclusive("needs a kernel with UDP_SEGMENT (4.18)");
        HostSocket.Send(socket, Pattern(5_000));
        for (var i = 0; i < 5; i++)
        {
            var (header, frame) = machine.TakePacket();
            Assert.AreEqual((0, 1000), (header.SegmentationType, Frames.PayloadOf(frame).Length));
        }
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Udp_ToHost_IsCutByTheKernel() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start();
        RequireUdp(machine);
        using var socket = HostSocket.Bind();
        var data = Pattern(20_000);
        var frame = Frames.Datagram(machine.HostMac, 7, HostSocket.PortOf(socket), data);
        machine.Send(Frames.LeaveChecksum(frame) with { SegmentationType = Udp, SegmentSize = 1000, HeaderLength = 42 }, frame);
        for (var i = 0; i < 20; i++)
            Assert.IsTrue(HostSocket.Receive(socket).AsSpan().SequenceEqual(data.AsSpan(i * 1000, 1000)));
    });

    internal static byte[] Pattern(int length)
    {
        var data = new byte[length];
        new Random(length).NextBytes(data);
        return data;
    }

    internal static void RequireUdp(NetworkMachine machine)
    {
        if ((machine.Model.Features & NetworkFeatures.HostUdp) == 0)
            Assert.Inconclusive("needs a TAP device with UDP segmentation (Linux 6.2)");
    }
}
