using Kata.Virtio.Network;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Network;

[TestClass]
public sealed class NetworkSteadyStateTests
{
    /// <summary>Small and large frames both ways, starvation and dropped frames: nothing on the device's thread allocates per frame.</summary>
    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public void Frames_InSteadyState_AllocateNothing() => NetworkMachine.InNewNamespace(() =>
    {
        using var machine = new NetworkMachine();
        machine.Start();
        SegmentationTests.RequireUdp(machine);
        using var socket = HostSocket.Bind();
        HostSocket.TrySetSegmentation(socket, 1000);
        var data = SegmentationTests.Pattern(20_000);
        var frame = Frames.Datagram(machine.HostMac, 7, HostSocket.PortOf(socket), data.AsSpan(0, 1000));
        var header = Frames.LeaveChecksum(frame);
        var buffer = new byte[2000];
        Exchange(200);
        Assert.AreEqual(0L, machine.Loop().AllocatedDuring(() => Exchange(500)));

        void Exchange(int rounds)
        {
            for (var i = 0; i < rounds; i++)
            {
                // More at once than the guest has buffers for.
                for (var n = 0; n < 6; n++)
                    HostSocket.Send(socket, n % 2 == 0 ? data : data.AsSpan(0, 100));
                for (var n = 0; n < 6; n++)
                    machine.TakePacket();
                machine.Send(header, frame);
                Assert.AreEqual(1000, socket.Receive(buffer));
                machine.Send(header with { SegmentationType = 3 }, frame);
            }
        }
    });
}
