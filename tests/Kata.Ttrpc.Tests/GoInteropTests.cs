using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Linux;
using Kata.Ttrpc.Tests.Probing;

namespace Kata.Ttrpc.Tests;

/// <summary>Against containerd's Go implementation, as a process, over a unix socket.</summary>
[TestClass]
public sealed class GoInteropTests
{
    [TestMethod]
    public async Task GoClient_OurServer_PassesItsChecks()
    {
        var program = await GoPeer.GetProgramAsync();
        using var directory = new TestDirectory();
        await using var server = ProbeService.CreateServer();
        server.Listen(TtrpcAddress.Unix(directory.File("a.sock")));

        var (code, output) = await GoPeer.RunAsync(program, ["check", directory.File("a.sock")]);

        Assert.AreEqual(0, code, output);
        StringAssert.Contains(output, "ok oversized", StringComparison.Ordinal);
    }

    [TestMethod]
    public async Task GoClient_AnotherUser_IsRefusedWithoutAByte()
    {
        const string SetPriv = "/usr/bin/setpriv";
        if (CurrentProcess.EffectiveUserId != 0 || !File.Exists(SetPriv))
            Assert.Inconclusive("needs root and setpriv");
        var program = await GoPeer.GetProgramAsync();
        using var directory = new TestDirectory();
        var log = new TestLog();
        await using var server = ProbeService.CreateServer(options: new TtrpcServerOptions { Logger = log });
        server.Listen(TtrpcAddress.Unix(directory.File("a.sock")));
        // The permissions would keep the other user out already; give the files away, to see the server's own check.
        FileSystem.ChangeOwner(directory.Path, 65534, 65534);
        FileSystem.ChangeOwner(directory.File("a.sock"), 65534, 65534);
        File.Copy(program, directory.File("peer"));
        string[] asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups", directory.File("peer"), "check", directory.File("a.sock")];

        var (code, output) = await GoPeer.RunAsync(SetPriv, asNobody);

        Assert.AreEqual(1, code, output);
        StringAssert.Contains(output, "ttrpc: closed", StringComparison.Ordinal);
        StringAssert.Contains(await log.WaitForAsync("Refused"), "uid 65534", StringComparison.Ordinal);

        await using var open = ProbeService.CreateServer(options: new TtrpcServerOptions { RequireSameUser = false });
        open.Listen(TtrpcAddress.Unix(directory.File("b.sock")));
        FileSystem.ChangeOwner(directory.File("b.sock"), 65534, 65534);
        (code, output) = await GoPeer.RunAsync(SetPriv, [.. asNobody[..^1], directory.File("b.sock")]);
        Assert.AreEqual(0, code, output);
    }

    [TestMethod]
    public async Task OurClient_GoServer_AllShapesOfUnary()
    {
        await using var peer = await GoServer.StartAsync();
        await using var channel = await TtrpcChannel.ConnectAsync(peer.Address);
        var client = new Probe.ProbeClient(channel);

        foreach (var size in new[] { 0, 1, 4086, 4096, 100_000, (4 << 20) - 100 })
        {
            var text = new string('x', size);
            Assert.AreEqual(text, (await client.EchoAsync(new StringValue { Value = text })).Value);
        }

        var replies = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => client.EchoAsync(new StringValue { Value = new string('y', i * 37) }).ResponseAsync));
        CollectionAssert.AreEqual(Enumerable.Range(0, 500).Select(i => i * 37).ToArray(), replies.Select(reply => reply.Value.Length).ToArray());
        var headers = new Metadata { { "containerd-namespace-ttrpc", "k8s.io" }, { "many", "1" }, { "many", "2" } };
        Assert.AreEqual("k8s.io", (await client.HeaderAsync(new StringValue { Value = "containerd-namespace-ttrpc" }, headers)).Value);
        Assert.AreEqual("1,2", (await client.HeaderAsync(new StringValue { Value = "many" }, headers)).Value);
        var left = (await client.RemainingAsync(new Empty(), deadline: DateTime.UtcNow.AddHours(1))).Value;
        Assert.IsInRange(3_540_000_000_000, 3_600_000_000_000, left);
        Assert.AreEqual(0, (await client.RemainingAsync(new Empty())).Value);
    }

    [TestMethod]
    public async Task OurClient_GoServer_Errors()
    {
        await using var peer = await GoServer.StartAsync();
        await using var channel = await TtrpcChannel.ConnectAsync(peer.Address);
        var client = new Probe.ProbeClient(channel);
        for (var code = 1; code <= 16; code++)
        {
            var error = await Assert.ThrowsExactlyAsync<RpcException>(async () => await client.FailAsync(new Int32Value { Value = code }));
            Assert.AreEqual(((StatusCode)code, $"failed with {code}"), (error.StatusCode, error.Status.Detail));
        }

        // Version 1.1 knows no streams: it answers the request, for which it has no method.
        using var chat = client.Chat();
        Assert.AreEqual(StatusCode.Unimplemented, (await Assert.ThrowsExactlyAsync<RpcException>(() => chat.ResponseStream.MoveNext())).StatusCode);
        using var timeout = client.WaitAsync(new Empty(), deadline: DateTime.UtcNow.AddMilliseconds(50));
        Assert.AreEqual(StatusCode.DeadlineExceeded, (await Assert.ThrowsExactlyAsync<RpcException>(async () => await timeout)).StatusCode);
        await client.EchoAsync(new StringValue());
    }

    [TestMethod]
    public async Task OurClient_GoServerKilled_AllCallsFail()
    {
        await using var peer = await GoServer.StartAsync();
        await using var channel = await TtrpcChannel.ConnectAsync(peer.Address);
        var client = new Probe.ProbeClient(channel);
        var calls = Enumerable.Range(0, 100).Select(_ => client.WaitAsync(new Empty()).ResponseAsync).ToArray();
        await client.EchoAsync(new StringValue());

        await peer.DisposeAsync();

        foreach (var call in calls)
            Assert.AreEqual(StatusCode.Unavailable, (await Assert.ThrowsExactlyAsync<RpcException>(() => call)).StatusCode);
    }

    /// <summary>The Go server in a directory of its own.</summary>
    private sealed class GoServer : IAsyncDisposable
    {
        private readonly TestDirectory _directory = new();
        private ChildProcess? _child;
        private StreamReader? _output;

        public TtrpcAddress Address => TtrpcAddress.Unix(_directory.File("go.sock"));

        public static async Task<GoServer> StartAsync()
        {
            var program = await GoPeer.GetProgramAsync();
            var server = new GoServer();
            (server._child, server._output) = GoPeer.Start(program, ["serve", server.Address.Path]);
            Assert.AreEqual("ready", await server._output.ReadLineAsync());
            return server;
        }

        public async ValueTask DisposeAsync()
        {
            if (_child is null)
                return;
            _child.Kill(Signal.SIGKILL);
            await _child.Exited;
            _child.Dispose();
            _child = null;
            _output!.Dispose();
            _directory.Dispose();
        }
    }
}
