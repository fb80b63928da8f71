namespace Kata.Linux.Tests.Files;

[TestClass]
public sealed class EpollTests
{
    [TestMethod]
    public void Wait_EdgeTriggered_ReportsEachChangeOnceWithItsToken()
    {
        var (first, second) = UnixSocket.Pair();
        using (first)
        using (second)
        using (var epoll = new Epoll())
        {
            epoll.Add(first, EpollEvents.Readable | EpollEvents.ReadHangUp | EpollEvents.EdgeTriggered, 0x1234_5678_9ABC_DEF0);
            Assert.IsFalse(epoll.Wait(0, out _, out _));

            StreamSocket.Send(second, [1, 2, 3]);

            Assert.IsTrue(epoll.Wait(1000, out var events, out var token));
            Assert.AreEqual((EpollEvents.Readable, 0x1234_5678_9ABC_DEF0ul), (events, token));
            Assert.IsFalse(epoll.Wait(0, out _, out _));
            StreamSocket.Shutdown(second, sendOnly: true);
            Assert.IsTrue(epoll.Wait(1000, out events, out _));
            Assert.AreEqual(EpollEvents.Readable | EpollEvents.ReadHangUp, events);
        }
    }

    [TestMethod]
    public void Modify_Writable_IsReportedAtOnce()
    {
        var (first, second) = UnixSocket.Pair();
        using (first)
        using (second)
        using (var epoll = new Epoll())
        {
            epoll.Add(first, EpollEvents.Readable, 1);
            Assert.IsFalse(epoll.Wait(0, out _, out _));

            epoll.Modify(first, EpollEvents.Writable, 2);

            Assert.IsTrue(epoll.Wait(1000, out var events, out var token));
            Assert.AreEqual((EpollEvents.Writable, 2ul), (events, token));
            epoll.Remove(first);
            Assert.IsFalse(epoll.Wait(0, out _, out _));
            Assert.AreEqual(Errno.ENOENT, Assert.ThrowsExactly<LinuxException>(() => epoll.Remove(first)).Errno);
        }
    }
}
