using System.Collections.Concurrent;
using Kata.Linux;
using Kata.Shim.Hosting;

namespace Kata.Shim.Tests.Hosting;

[TestClass]
public sealed class ShimSocketTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kata-sock-").FullName;

    private string SocketPath => Path.Combine(_directory, "s", "socket");

    [TestCleanup]
    public void CleanUp() => Directory.Delete(_directory, recursive: true);

    [TestMethod]
    public void PathFor_SameSandbox_IsStableAndFitsIntoAnAddress()
    {
        var arguments = new ShimArguments { Action = ShimAction.Start, Namespace = new string('n', 76), Id = "x", Address = "/run/containerd/containerd.sock" };

        var path = ShimSocket.PathFor(arguments, "sandbox");

        Assert.AreEqual(path, ShimSocket.PathFor(arguments with { Id = "y" }, "sandbox"));
        Assert.AreNotEqual(path, ShimSocket.PathFor(arguments, "sandbox2"));
        Assert.AreNotEqual(path, ShimSocket.PathFor(arguments with { Address = "/other" }, "sandbox"));
        StringAssert.Matches(path, new("^/run/containerd/s/[0-9a-f]{64}$"));
        Assert.IsLessThanOrEqualTo(106, path.Length);
    }

    [TestMethod]
    public void ListenOrFind_Fresh_IsPrivate()
    {
        using var socket = ShimSocket.ListenOrFind(SocketPath);

        Assert.IsNotNull(socket.Listener);
        Assert.AreEqual($"unix://{SocketPath}", socket.Address);
        Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
        Assert.AreEqual(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(SocketPath)!));
    }

    [TestMethod]
    public void ListenOrFind_Served_FindsTheServer()
    {
        using var first = ShimSocket.ListenOrFind(SocketPath);
        using var second = ShimSocket.ListenOrFind(SocketPath);

        Assert.IsNull(second.Listener);
        Assert.AreEqual(first.Address, second.Address);
        Assert.IsFalse(ShimSocket.RemoveStale(SocketPath));
    }

    [TestMethod]
    public void ListenOrFind_Stale_TakesOver()
    {
        ShimSocket.ListenOrFind(SocketPath).Dispose();

        using var socket = ShimSocket.ListenOrFind(SocketPath);

        Assert.IsNotNull(socket.Listener);
        UnixSocket.Connect(SocketPath).Dispose();
    }

    [TestMethod]
    public void RemoveStale_NobodyListens_Removes()
    {
        ShimSocket.ListenOrFind(SocketPath).Dispose();

        Assert.IsTrue(ShimSocket.RemoveStale(SocketPath));
        Assert.IsFalse(File.Exists(SocketPath));
        Assert.IsTrue(ShimSocket.RemoveStale(SocketPath));
    }

    [TestMethod]
    public void ListenOrFind_ManyAtOnceOverAStaleSocket_OneListensAllAgree()
    {
        ShimSocket.ListenOrFind(SocketPath).Dispose();
        var sockets = new ConcurrentBag<ShimSocket>();
        using var start = new Barrier(8);
        var threads = Enumerable.Range(0, 8).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            sockets.Add(ShimSocket.ListenOrFind(SocketPath));
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.HasCount(1, sockets.Where(socket => socket.Listener is not null).ToList());
        UnixSocket.Connect(SocketPath).Dispose();
        foreach (var socket in sockets)
            socket.Dispose();
    }
}
