namespace Kata.Linux.Tests.Sockets;

[TestClass]
public sealed class StreamSocketTests
{
    [TestMethod]
    public void SendReceive_Bytes_ComeThroughUntilTheEnd()
    {
        var (first, second) = UnixSocket.Pair();
        using (first)
        using (second)
        {
            var buffer = new byte[10];

            Assert.AreEqual(3, StreamSocket.Send(first, [1, 2, 3]));
            Assert.AreEqual(3, StreamSocket.Receive(second, buffer));
            CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, buffer[..3]);
            StreamSocket.Shutdown(first);
            Assert.AreEqual(0, StreamSocket.Receive(second, buffer));
        }
    }

    [TestMethod]
    public void SendReceive_Errors_AreNegatedNumbersAndNoSignals()
    {
        var (first, second) = UnixSocket.Pair();
        using (first)
        {
            FileDescriptors.SetNonBlocking(first, true);

            Assert.AreEqual(-(int)Errno.EAGAIN, StreamSocket.Receive(first, new byte[1]));
            while (StreamSocket.Send(first, new byte[65536]) is var count and not -(int)Errno.EAGAIN)
                Assert.IsGreaterThan(0, count);
            second.Dispose();
            Assert.AreEqual(-(int)Errno.EPIPE, StreamSocket.Send(first, [1]));
        }
    }
}
