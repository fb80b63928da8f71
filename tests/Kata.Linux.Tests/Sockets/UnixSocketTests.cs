using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kata.Linux.Tests.Sockets;

[TestClass]
public sealed class UnixSocketTests
{
    [TestMethod]
    public void Send_Descriptors_ArriveAsTheSameOpenFiles()
    {
        var (left, right) = UnixSocket.Pair();
        using var memory = FileDescriptors.Memory("passed", 4096);
        using var counter = FileDescriptors.EventFd();
        Assert.AreEqual(3, UnixSocket.Send(left, [1, 2, 3], [memory, counter]));

        var received = new List<SafeFileHandle>();
        var buffer = new byte[16];
        Assert.AreEqual(3, UnixSocket.Receive(right, buffer, received));
        Assert.AreEqual(2, received.Count);
        Assert.AreEqual(FileDescriptors.Status(memory), FileDescriptors.Status(received[0]));
        left.Dispose();
        Assert.AreEqual(0, UnixSocket.Receive(right, buffer, received));
        received.ForEach(descriptor => descriptor.Dispose());
    }

    [TestMethod]
    public void Receive_NonBlockingAndEmpty_ReturnsMinusOne()
    {
        var (left, right) = UnixSocket.Pair();
        FileDescriptors.SetNonBlocking(right, true);
        Assert.AreEqual(-1, UnixSocket.Receive(right, new byte[1], []));
        left.Dispose();
        right.Dispose();
    }

    [TestMethod]
    public void Listen_Path_IsPrivateAndTellsWhoConnects()
    {
        var path = Path.Combine(Path.GetTempPath(), $"kata-{Guid.NewGuid():N}.sock");
        using var listener = UnixSocket.Listen(path);
        try
        {
            Assert.AreEqual(0xC180u, FileDescriptors.Status(path)!.Value.Mode, "socket, 0600");
            using var client = UnixSocket.Connect(path);
            using var server = UnixSocket.Accept(listener)!;
            var peer = UnixSocket.GetPeerCredentials(server);
            Assert.AreEqual(new PeerCredentials(Environment.ProcessId, CurrentProcess.EffectiveUserId, CurrentProcess.EffectiveGroupId), peer);
            Assert.AreEqual(Errno.EADDRINUSE, Assert.ThrowsExactly<LinuxException>(() => UnixSocket.Listen(path)).Errno);
        }
        finally
        {
            FileSystem.Unlink(path);
        }

        Assert.AreEqual(Errno.ENOENT, Assert.ThrowsExactly<LinuxException>(() => UnixSocket.Connect(path)).Errno);
        Assert.AreEqual(Errno.ENAMETOOLONG, Assert.ThrowsExactly<LinuxException>(() => UnixSocket.Connect(new string('x', 108))).Errno);
    }

    [TestMethod]
    public unsafe void Structures_OnThisArchitecture_HaveTheKernelsSizes()
    {
        Assert.AreEqual(110, sizeof(Interop.UnixAddress));
        Assert.AreEqual(16, sizeof(Interop.VsockAddress));
        Assert.AreEqual(12, sizeof(Interop.Credentials));
        Assert.AreEqual(16, sizeof(Interop.IoVector));
        Assert.AreEqual(56, sizeof(Interop.MessageHeader));
        Assert.AreEqual(16, sizeof(Interop.ControlHeader));
        Assert.AreEqual(8, sizeof(Interop.PollDescriptor));
        Assert.AreEqual(128, sizeof(Interop.SignalInfo));
        Assert.AreEqual(256, sizeof(Interop.StatxBuffer));
        Assert.AreEqual(120, sizeof(Interop.StatfsBuffer));
        Assert.AreEqual(24, sizeof(Interop.OpenHow));
        Assert.AreEqual(8, sizeof(Interop.WindowSize));
    }
}
