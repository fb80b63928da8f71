using Kata.Virtio.Network;

namespace Kata.Virtio.Tests.Network;

/// <summary>Receive buffers of every size, too few and too many.</summary>
[TestClass]
public sealed class ReceiveBufferTests
{
    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void TinyBuffers_TakeWhatFitsInAll() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start(bufferBytes: 64);
        SegmentationTests.RequireUdp(machine);
        using var socket = HostSocket.Bind();
        using var large = HostSocket.Bind();
        Assert.IsTrue(HostSocket.TrySetSegmentation(large, 1000));
        var data = SegmentationTests.Pattern(1000);
        HostSocket.Send(socket, data);
        var (header, frame) = machine.TakePacket();
        Assert.AreEqual((NetworkHeader.Size + 42 + 1000 + 63) / 64, header.BufferCount);
        Assert.IsTrue(Frames.PayloadOf(frame).SequenceEqual(data));
        // More than the whole queue holds is lost; what comes after is not.
        HostSocket.Send(large, SegmentationTests.Pattern(20_000));
        HostSocket.Send(socket, data);
        Assert.IsTrue(Frames.PayloadOf(machine.TakePacket().Frame).SequenceEqual(data));
        Assert.IsTrue(machine.Logger.Lines.Any(line => line.Contains("does not fit", StringComparison.Ordinal)), machine.Logger.ToString());
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void TooFewBuffers_FrameWaitsForMore() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start(buffers: 5);
        SegmentationTests.RequireUdp(machine);
        using var socket = HostSocket.Bind();
        Assert.IsTrue(HostSocket.TrySetSegmentation(socket, 1000));
        var first = SegmentationTests.Pattern(20_000);
        var second = SegmentationTests.Pattern(19_000);
        HostSocket.Send(socket, first);
        HostSocket.Send(socket, second);
        machine.ExpectNoPacket();
        for (ushort slot = 5; slot < 20; slot++)
            machine.Recycle(0, slot);
        Assert.IsTrue(Frames.PayloadOf(machine.TakePacket().Frame).SequenceEqual(first));
        Assert.IsTrue(Frames.PayloadOf(machine.TakePacket().Frame).SequenceEqual(second));
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void NoBuffers_FramesWaitInTheTapDevice() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start(buffers: 0);
        using var socket = HostSocket.Bind();
        for (byte i = 0; i < 100; i++)
            HostSocket.Send(socket, [i]);
        machine.ExpectNoPacket();
        for (ushort slot = 0; slot < NetworkMachine.QueueSize; slot++)
            machine.Recycle(0, slot);
        for (byte i = 0; i < 100; i++)
            Assert.AreEqual(i, Frames.PayloadOf(machine.TakePacket().Frame)[0]);
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Flood_GuestKeepsUpSlowly_OrderIsKept() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start();
        using var socket = HostSocket.Bind();
        for (var round = 0; round < 20; round++)
        {
            for (var i = 0; i < 200; i++)
                HostSocket.Send(socket, BitConverter.GetBytes(i));
            for (var i = 0; i < 200; i++)
                Assert.AreEqual(i, BitConverter.ToInt32(Frames.PayloadOf(machine.TakePacket().Frame)));
        }
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void NotMergeable_OneBufferForEachFrame() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start(without: NetworkFeatures.MergeableBuffers);
        SegmentationTests.RequireUdp(machine);
        using var socket = HostSocket.Bind();
        using var large = HostSocket.Bind();
        Assert.IsTrue(HostSocket.TrySetSegmentation(large, 1000));
        for (byte i = 0; i < 100; i++)
        {
            HostSocket.Send(large, SegmentationTests.Pattern(20_000)); // Fits into no buffer.
            HostSocket.Send(socket, [i]);
            var (header, frame) = machine.TakePacket();
            Assert.AreEqual((1, i), (header.BufferCount, Frames.PayloadOf(frame)[0]));
        }
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void NotMergeable_LargeBuffers_TakeLargeFrames() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start(without: NetworkFeatures.MergeableBuffers, bufferBytes: NetworkLimits.MaxFrameBytes);
        SegmentationTests.RequireUdp(machine);
        using var socket = HostSocket.Bind();
        Assert.IsTrue(HostSocket.TrySetSegmentation(socket, 1000));
        var data = SegmentationTests.Pattern(60_000);
        HostSocket.Send(socket, data);
        var (header, frame) = machine.TakePacket();
        Assert.AreEqual(1, header.BufferCount);
        Assert.IsTrue(Frames.PayloadOf(frame).SequenceEqual(data));
    });
}
