using System.Net;
using System.Net.Sockets;
using Kata.Linux.Netlink;
using Kata.Linux.Tests.Support;

namespace Kata.Linux.Tests;

/// <summary>Frames with virtio headers through a real TAP device, each test in a network namespace of its own.</summary>
[TestClass]
public sealed unsafe class TapFrameTests
{
    [TestMethod]
    public void Receive_DatagramOfHost_HasHeaderAndFrame() => NetworkSandbox.Run(() =>
    {
        using var tap = TapDevice.OpenQueue("tap0", multiQueue: false);
        Configure(tap);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SendTo("hello"u8, new IPEndPoint(IPAddress.Parse("10.1.0.2"), 7));
        var frame = stackalloc byte[2048];
        // In pieces, with the end of the header in the second.
        NativeBuffer[] ranges = [new((nint)frame, 5), new((nint)frame + 5, 100), new((nint)frame + 105, 1900)];
        var length = 0;
        // The kernel may speak first, about IPv6.
        while (FileDescriptors.Poll(tap, PollEvents.Readable, TimeSpan.FromSeconds(5)) != PollEvents.None)
        {
            length = TapDevice.Receive(tap, ranges);
            if (frame[TapDevice.HeaderBytes + 12] == 0x08 && frame[TapDevice.HeaderBytes + 13] == 0x00)
                break;
        }

        Assert.AreEqual(TapDevice.HeaderBytes + 14 + 20 + 8 + 5, length);
        Assert.IsTrue(new ReadOnlySpan<byte>(frame + length - 5, 5).SequenceEqual("hello"u8));
        while (TapDevice.Receive(tap, ranges) is var more && more != -(int)Errno.EAGAIN)
            Assert.IsGreaterThan(0, more);
    });

    [TestMethod]
    public void Send_BadHeaderThenGood_IsRefusedThenTaken() => NetworkSandbox.Run(() =>
    {
        using var tap = TapDevice.OpenQueue("tap0", multiQueue: false);
        var frame = stackalloc byte[TapDevice.HeaderBytes + 60];
        new Span<byte>(frame, TapDevice.HeaderBytes + 60).Clear();
        NativeBuffer[] ranges = [new((nint)frame, TapDevice.HeaderBytes + 60)];
        TapDevice.UseVirtioHeader(tap);
        Assert.AreEqual(-(int)Errno.EIO, TapDevice.Send(tap, ranges));
        Configure(tap);
        frame[1] = 77; // No such kind of GSO.
        Assert.AreEqual(-(int)Errno.EINVAL, TapDevice.Send(tap, ranges));
        frame[1] = 0;
        Assert.AreEqual(TapDevice.HeaderBytes + 60, TapDevice.Send(tap, ranges));
    });

    [TestMethod]
    public void TrySetOffloads_KnownAndUnknown_TrueAndFalse() => NetworkSandbox.Run(() =>
    {
        using var tap = TapDevice.OpenQueue("tap0", multiQueue: false);
        Assert.IsTrue(TapDevice.TrySetOffloads(tap, TapOffloads.Checksum | TapOffloads.Tcp4 | TapOffloads.Tcp6 | TapOffloads.TcpEcn));
        Assert.IsTrue(TapDevice.TrySetOffloads(tap, TapOffloads.None));
        Assert.IsFalse(TapDevice.TrySetOffloads(tap, (TapOffloads)0x40000000));
        Assert.IsFalse(TapDevice.TrySetOffloads(tap, TapOffloads.Tcp4), "Nothing without checksums.");
    });

    [TestMethod]
    public void SetQueueEnabled_SecondQueue_IsOffAndOn() => NetworkSandbox.Run(() =>
    {
        using var first = TapDevice.OpenQueue("tap0", multiQueue: true);
        using var second = TapDevice.OpenQueue("tap0", multiQueue: true);
        TapDevice.SetQueueEnabled(second, false);
        Assert.AreEqual(Errno.EINVAL, Assert.ThrowsExactly<LinuxException>(() => TapDevice.SetQueueEnabled(second, false)).Errno);
        TapDevice.SetQueueEnabled(second, true);
        Assert.AreEqual(Errno.EINVAL, Assert.ThrowsExactly<LinuxException>(() => TapDevice.SetQueueEnabled(second, true)).Errno);
    });

    private static void Configure(Microsoft.Win32.SafeHandles.SafeFileHandle tap)
    {
        TapDevice.UseVirtioHeader(tap);
        using var network = new NetworkConfigurator();
        var index = network.ListLinks().Single(link => link.Name == "tap0").Index;
        network.BringUp(index, 1500);
        network.AddAddress(index, IPAddress.Parse("10.1.0.1"), 24);
        network.SetNeighbor(new NetworkNeighbor(index, IPAddress.Parse("10.1.0.2"), "02:00:00:00:00:02", NetworkNeighbor.Permanent, 0));
    }
}
