using System.Net.Sockets;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Linux;
using Kata.Ttrpc.Tests.Probing;

namespace Kata.Ttrpc.Tests;

/// <summary>Listeners, addresses and the ways to get a connection.</summary>
[TestClass]
public sealed class ListenTests
{
    [TestMethod]
    public async Task Listen_UnixAddress_ServesManyAndRemovesTheSocket()
    {
        using var directory = new TestDirectory();
        var address = TtrpcAddress.Parse($"unix://{directory.File("a.sock")}");
        await using var server = ProbeService.CreateServer();
        server.Listen(address);
        Assert.AreEqual(0x180u, FileDescriptors.Status(address.Path)!.Value.Mode & 0x1FFu);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            await using var channel = await TtrpcChannel.ConnectAsync(address);
            Assert.AreEqual($"{i}", (await new Probe.ProbeClient(channel).EchoAsync(new StringValue { Value = $"{i}" })).Value);
        }));

        await server.ShutdownAsync();
        Assert.IsFalse(File.Exists(address.Path));
        Assert.AreEqual(Errno.ENOENT, (await Assert.ThrowsExactlyAsync<LinuxException>(async () => await TtrpcChannel.ConnectAsync(address))).Errno);
    }

    [TestMethod]
    public async Task Listen_AddressInUse_Throws()
    {
        using var directory = new TestDirectory();
        await using var server = ProbeService.CreateServer();
        server.Listen(TtrpcAddress.Unix(directory.File("a.sock")));

        Assert.AreEqual(Errno.EADDRINUSE, Assert.ThrowsExactly<LinuxException>(() => server.Listen(TtrpcAddress.Unix(directory.File("a.sock")))).Errno);
    }

    [TestMethod]
    public async Task Listen_InheritedSocket_ServesWhatConnectedBefore()
    {
        using var directory = new TestDirectory();
        // As the shim's daemon does: the socket was bound by another process, clients are waiting in its backlog.
        var inherited = UnixSocket.Listen(directory.File("a.sock"));
        await using var early = await TtrpcChannel.ConnectAsync(TtrpcAddress.Unix(directory.File("a.sock")));
        var call = new Probe.ProbeClient(early).EchoAsync(new StringValue { Value = "early" }).ResponseAsync;
        var handle = new SafeSocketHandle(inherited.DangerousGetHandle(), ownsHandle: true);
        inherited.SetHandleAsInvalid();
        await using var server = ProbeService.CreateServer();

        server.Listen(handle);

        Assert.AreEqual("early", (await call).Value);
        await server.ShutdownAsync();
        Assert.IsTrue(handle.IsClosed);
        Assert.IsTrue(File.Exists(directory.File("a.sock")), "the file belongs to whoever made it");
    }

    [TestMethod]
    public async Task Listen_HybridVsock_IsTheSocketOfThePort()
    {
        using var directory = new TestDirectory();
        await using var server = ProbeService.CreateServer();
        server.Listen(TtrpcAddress.HybridVsock(directory.File("vsock"), 1025));

        await using var channel = await TtrpcChannel.ConnectAsync(TtrpcAddress.Unix(directory.File("vsock_1025")));

        await new Probe.ProbeClient(channel).EchoAsync(new StringValue());
    }

    [TestMethod]
    public async Task Listen_DescriptorsRunOut_ListensAgainLater()
    {
        var log = new TestLog();
        using var directory = new TestDirectory();
        // accept(2) on a socket that does not listen fails like one without descriptors: with an error for this call only.
        var (near, far) = UnixSocket.Pair();
        using (far)
        {
            await using var server = ProbeService.CreateServer(options: new TtrpcServerOptions { Logger = log });
            server.Listen(near);
            FileDescriptors.Write(far, [1]);

            await log.WaitForAsync("trying again in 1 ms");
            await log.WaitForAsync("trying again in 2 ms");
            server.Listen(TtrpcAddress.Unix(directory.File("other.sock")));
            await using var channel = await TtrpcChannel.ConnectAsync(TtrpcAddress.Unix(directory.File("other.sock")));
            await new Probe.ProbeClient(channel).EchoAsync(new StringValue());
        }
    }

    [TestMethod]
    public async Task ConnectAsync_Hybrid_GreetsAndLeavesTheRestToTtrpc()
    {
        using var directory = new TestDirectory();
        using var listener = UnixSocket.Listen(directory.File("vmm.sock"));
        var connect = TtrpcChannel.ConnectAsync(TtrpcAddress.Parse($"hvsock://{directory.File("vmm.sock")}:1024")).AsTask();
        using var peer = new RawPeer(UnixSocket.Accept(listener)!);
        CollectionAssert.AreEqual("CONNECT 1024\n"u8.ToArray(), peer.Receive(13));

        // The first bytes of the next answer come in one piece with the greeting's.
        var answer = RawPeer.Frame(1, 2, 0, 0x12, 0x03, 0x0A, 0x01, (byte)'x');
        peer.Send([.. "OK 1073741824\n"u8, .. answer[..7]]);

        await using var channel = await connect;
        var call = new Probe.ProbeClient(channel).EchoAsync(new StringValue()).ResponseAsync;
        Assert.AreEqual(1u, peer.ReceiveFrame().Header.StreamId);
        peer.Send(answer[7..]);
        Assert.AreEqual("x", (await call).Value);
    }

    [TestMethod]
    public async Task ConnectAsync_HybridAnswersInPieces_Works()
    {
        using var directory = new TestDirectory();
        using var listener = UnixSocket.Listen(directory.File("vmm.sock"));
        var connect = TtrpcChannel.ConnectAsync(TtrpcAddress.HybridVsock(directory.File("vmm.sock"), 7)).AsTask();
        using var peer = new RawPeer(UnixSocket.Accept(listener)!);
        peer.Receive(10);
        foreach (var piece in new[] { "O", "K 107", "3741824" })
        {
            peer.Send(System.Text.Encoding.ASCII.GetBytes(piece));
            await Task.Delay(20);
            Assert.IsFalse(connect.IsCompleted);
        }

        peer.Send("\n"u8.ToArray());
        await (await connect).DisposeAsync();
    }

    [TestMethod]
    public async Task ConnectAsync_HybridSilent_TakesNoPoolThread()
    {
        using var directory = new TestDirectory();
        using var listener = UnixSocket.Listen(directory.File("vmm.sock"));
        using var end = new CancellationTokenSource();
        var address = TtrpcAddress.HybridVsock(directory.File("vmm.sock"), 7);
        // More than the pool has threads without a reason.
        var count = 64 + Environment.ProcessorCount;
        var dials = Enumerable.Range(0, count).Select(_ => address.ConnectAsync(TimeSpan.FromMinutes(1), end.Token).AsTask()).ToList();
        var peers = dials.ConvertAll(_ => UnixSocket.Accept(listener)!);

        Assert.IsLessThan(count, ThreadPool.ThreadCount);
        await end.CancelAsync();
        foreach (var dial in dials)
            await Assert.ThrowsAsync<OperationCanceledException>(() => dial);
        peers.ForEach(peer => peer.Dispose());
    }

    [TestMethod]
    [DataRow("ERR no such port\n", "refused with 'ERR no such port'")]
    [DataRow("ERR cut", "refused with 'ERR cut'")]
    [DataRow("", "nothing listens on that port")]
    public async Task ConnectAsync_HybridRefused_SaysSo(string reply, string expected)
    {
        using var directory = new TestDirectory();
        using var listener = UnixSocket.Listen(directory.File("vmm.sock"));
        var connect = TtrpcChannel.ConnectAsync(TtrpcAddress.HybridVsock(directory.File("vmm.sock"), 7)).AsTask();
        using (var peer = new RawPeer(UnixSocket.Accept(listener)!))
        {
            peer.Receive(10);
            peer.Send(System.Text.Encoding.ASCII.GetBytes(reply));
        }

        StringAssert.Contains((await Assert.ThrowsExactlyAsync<IOException>(() => connect)).Message, expected, StringComparison.Ordinal);
    }

    [TestMethod]
    public async Task ConnectAsync_HybridSilent_TimesOutOrIsCancelled()
    {
        using var directory = new TestDirectory();
        using var listener = UnixSocket.Listen(directory.File("vmm.sock"));
        var address = TtrpcAddress.HybridVsock(directory.File("vmm.sock"), 7);

        await Assert.ThrowsExactlyAsync<TimeoutException>(
            async () => await TtrpcChannel.ConnectAsync(address, new TtrpcChannelOptions { ConnectTimeout = TimeSpan.FromMilliseconds(50) }));

        using var source = new CancellationTokenSource(50);
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await TtrpcChannel.ConnectAsync(address, cancellationToken: source.Token));
    }

    [TestMethod]
    public async Task ConnectAsync_VsockLoopback_Works()
    {
        if (!File.Exists("/dev/vsock"))
            Assert.Inconclusive("needs /dev/vsock");
        await using var server = ProbeService.CreateServer();
        server.Listen(TtrpcAddress.Vsock(Linux.Vsock.AnyCid, 51024));
        TtrpcChannel channel;
        try
        {
            // CID 1 is this machine, with the vsock_loopback module.
            channel = await TtrpcChannel.ConnectAsync(TtrpcAddress.Parse("vsock://1:51024"));
        }
        catch (LinuxException e)
        {
            Assert.Inconclusive($"needs the vsock_loopback module: {e.Message}");
            return;
        }

        await using (channel)
            await new Probe.ProbeClient(channel).EchoAsync(new StringValue());
    }

    [TestMethod]
    public async Task FromStream_BothEnds_Work()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((System.Net.IPEndPoint)listener.LocalEndpoint);
        var accepted = await listener.AcceptTcpClientAsync();
        await using var server = ProbeService.CreateServer();
        server.Serve(accepted.GetStream());
        await using (var channel = TtrpcChannel.FromStream(client.GetStream()))
        {
            var text = new string('x', 1_000_000);
            Assert.AreEqual(text, (await new Probe.ProbeClient(channel).EchoAsync(new StringValue { Value = text })).Value);
            var pending = new Probe.ProbeClient(channel).WaitAsync(new Empty()).ResponseAsync;

            await server.DisposeAsync();

            await channel.Closed.WaitAsync(TimeSpan.FromSeconds(20));
            Assert.AreEqual(StatusCode.Unavailable, (await Assert.ThrowsExactlyAsync<RpcException>(() => pending)).StatusCode);
        }
    }

    [TestMethod]
    public async Task Serve_SocketThatKnowsNoUsers_IsAccepted()
    {
        // As vsock: the kernel has no credentials for the peer.
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var near = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await near.ConnectAsync(listener.LocalEndpoint);
        using var far = await listener.AcceptSocketAsync();
        PeerCredentials? seen = default(PeerCredentials);
        await using var server = ProbeService.CreateServer(new ProbeService
        {
            OnEcho = (request, context) =>
            {
                seen = context.GetPeerCredentials();
                return Task.FromResult(request);
            },
        });

        server.Serve(far.SafeHandle);

        await using var channel = TtrpcChannel.FromSocket(near);
        await new Probe.ProbeClient(channel).EchoAsync(new StringValue());
        Assert.IsNull(seen);
    }

    [TestMethod]
    public async Task FromSocket_ManagedSocket_Works()
    {
        using var directory = new TestDirectory();
        await using var server = ProbeService.CreateServer();
        server.Listen(TtrpcAddress.Unix(directory.File("a.sock")));
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(directory.File("a.sock")));

        await using var channel = TtrpcChannel.FromSocket(socket);

        await new Probe.ProbeClient(channel).EchoAsync(new StringValue());
    }
}
