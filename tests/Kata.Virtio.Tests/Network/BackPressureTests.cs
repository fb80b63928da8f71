using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Network;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Network;

/// <summary>A socket instead of a TAP device: it can be full.</summary>
[TestClass]
public sealed unsafe class BackPressureTests
{
    private const int FrameBytes = 20_000;
    private const ushort QueueSize = 64;
    private const ulong Data = 0x100000;

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Transmit_Congested_WaitsAndLosesNothing()
    {
        using var memory = MemoryMapping.Anonymous(16 << 20);
        var guest = new GuestMemory([new GuestMemoryRegion(0, memory.Length, memory)]);
        var (near, far) = UnixSocket.Pair();
        FileDescriptors.SetNonBlocking(near, true);
        var thread = new DeviceThread("test");
        using var device = new NetworkDevice(
            new VirtioNetworkOptions { TapName = "none", MacAddress = "02:00:00:00:00:02" }, NetworkMachine.GuestMac, [near], [thread.Loop], false);
        thread.Start(device.Workers[0]);
        using var ring = new DriverRing(device.Workers[0], thread.Loop, 1, (byte*)memory.Address, QueueSize);
        // The socket is no TAP device: that is logged, and harms nobody.
        thread.Loop.Invoke(() => device.SetFeatures(device.Features));
        ring.Start(guest);
        for (ushort i = 0; i < QueueSize; i++)
        {
            var at = Data + ((ulong)i * FrameBytes);
            Assert.IsTrue(guest.TryGetSpan(at, FrameBytes, out var frame));
            frame.Clear();
            frame[NetworkHeader.Size] = (byte)i;
            ring.Driver.Set(i, at, FrameBytes);
            ring.Offer(i);
        }

        var returned = 0u;
        while (ring.TryTakeUsed(TimeSpan.FromMilliseconds(200), out var head, out _))
            Assert.AreEqual(returned++, head);
        Assert.IsLessThan((uint)QueueSize, returned);
        Assert.IsGreaterThan(0u, returned);

        var bytes = new byte[FrameBytes];
        for (var i = 0; i < QueueSize; i++)
        {
            for (var count = 0; count < FrameBytes; count += FileDescriptors.Read(far, bytes.AsSpan(count)))
                Assert.AreNotEqual(PollEvents.None, FileDescriptors.Poll(far, PollEvents.Readable, NetworkMachine.Limit), "Frames are missing.");
            Assert.AreEqual((byte)i, bytes[NetworkHeader.Size]);
        }

        for (; returned < QueueSize; returned++)
        {
            Assert.IsTrue(ring.TryTakeUsed(NetworkMachine.Limit, out var head, out _));
            Assert.AreEqual(returned, head);
        }

        ring.Stop();
        thread.DisposeAsync().AsTask().GetAwaiter().GetResult();
        near.Dispose();
        far.Dispose();
    }
}
