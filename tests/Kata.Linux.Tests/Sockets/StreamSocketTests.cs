namespace Kata.Linux.Tests.Sockets;

[TestClass]
public sealed class StreamSocketTests
{
    [TestMethod]
    public void ConnectAndAccept_NonBlocking_ReportReasons()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("kl").FullName, "s");
        try
        {
            Assert.IsNull(StreamSocket.Connect(path, out var error));
            Assert.AreEqual(Errno.ENOENT, error);
            using var listener = UnixSocket.Listen(path);
            FileDescriptors.SetNonBlocking(listener, true);
            Assert.IsNull(StreamSocket.Accept(listener, out error));
            Assert.AreEqual(Errno.EAGAIN, error);
            using var client = StreamSocket.Connect(path, out error);
            using var server = StreamSocket.Accept(listener, out _);
            Assert.IsNotNull(client);
            Assert.IsNotNull(server);
            Assert.AreEqual(-(int)Errno.EAGAIN, StreamSocket.Receive(server, new byte[1]));
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }

    [TestMethod]
    public unsafe void SendAndReceive_Ranges_MoveBytesInOrder()
    {
        var (first, second) = UnixSocket.Pair();
        using (first)
        using (second)
        using (var memory = MemoryMapping.Anonymous(4096))
        {
            new byte[] { 1, 2, 3, 4, 5 }.CopyTo(new Span<byte>((void*)memory.Address, 5));
            Assert.AreEqual(5, StreamSocket.Send(first, [new NativeBuffer(memory.Address + 3, 2), new NativeBuffer(memory.Address, 3)]));
            var peeked = new byte[8];
            Assert.AreEqual(5, StreamSocket.Peek(second, peeked));
            Assert.AreEqual(5, StreamSocket.Receive(second, [new NativeBuffer(memory.Address + 100, 1), new NativeBuffer(memory.Address + 200, 50)]));
            Assert.AreEqual((4, 5, 1), (*(byte*)(memory.Address + 100), *(byte*)(memory.Address + 200), *(byte*)(memory.Address + 201)));
            Assert.AreEqual(-(int)Errno.EAGAIN, StreamSocket.Receive(second, [new NativeBuffer(memory.Address, 1)]));
            StreamSocket.ShutdownReceiving(second);
            Assert.AreEqual(-(int)Errno.EPIPE, StreamSocket.Send(first, [new NativeBuffer(memory.Address, 1)]));
        }
    }

    [TestMethod]
    public void Wait_SeveralReady_ReportsAllWithTheirTokens()
    {
        using var epoll = new Epoll();
        using var one = FileDescriptors.EventFd();
        using var two = FileDescriptors.EventFd();
        epoll.Add(one, EpollEvents.Readable, 1UL << 40);
        epoll.Add(two, EpollEvents.Readable | EpollEvents.EdgeTriggered, 2);
        Span<EpollEvent> ready = new EpollEvent[8];
        Assert.AreEqual(0, epoll.Wait(ready, 0));
        FileDescriptors.Write(one, [1, 0, 0, 0, 0, 0, 0, 0]);
        FileDescriptors.Write(two, [1, 0, 0, 0, 0, 0, 0, 0]);
        Assert.AreEqual(2, epoll.Wait(ready, -1));
        CollectionAssert.AreEquivalent(new ulong[] { 1UL << 40, 2 }, new[] { ready[0].Token, ready[1].Token });
        Assert.AreEqual(1, epoll.Wait(ready, 0), "The edge-triggered one is reported once.");
        FileDescriptors.Write(two, [1, 0, 0, 0, 0, 0, 0, 0]);
        Assert.AreEqual(2, epoll.Wait(ready, 0), "Each write is an edge, though nothing was read.");
    }

    [TestMethod]
    public unsafe void TryRelease_SharedMapping_KeepsItsContent()
    {
        using var file = FileDescriptors.Memory("test", 8192);
        using var mapping = MemoryMapping.Shared(file, 0, 8192);
        *(byte*)(mapping.Address + 5000) = 42;
        Assert.IsTrue(MemoryAdvice.TryRelease(mapping));
        Assert.AreEqual(42, *(byte*)(mapping.Address + 5000));
    }
}
