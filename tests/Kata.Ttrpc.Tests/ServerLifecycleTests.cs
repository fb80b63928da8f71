using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Ttrpc.Tests.Probing;

namespace Kata.Ttrpc.Tests;

[TestClass]
public sealed class ServerLifecycleTests
{
    [TestMethod]
    public async Task ShutdownAsync_NothingRuns_ClosesIdleConnections()
    {
        await using var pair = ProbeService.CreatePair();
        await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue());

        await pair.Server.ShutdownAsync();

        await pair.Channel.Closed.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.AreEqual(0, pair.Server.ConnectionCount);
    }

    [TestMethod]
    public async Task ShutdownAsync_CallRuns_IsAnsweredFirstAndNewOnesAreRefused()
    {
        var (arrived, gate) = (NewSource(), NewSource());
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnWait = async (request, _) =>
            {
                arrived.SetResult();
                await gate.Task;
                return request;
            },
        });
        await using var idle = TtrpcPair.Connect(pair.Server);
        var client = new Probe.ProbeClient(pair.Channel);
        var call = client.WaitAsync(new Empty()).ResponseAsync;
        await arrived.Task;

        var shutdown = pair.Server.ShutdownAsync();

        await idle.Closed.WaitAsync(TimeSpan.FromSeconds(20));
        var refused = await Assert.ThrowsExactlyAsync<RpcException>(async () => await client.EchoAsync(new StringValue()));
        Assert.AreEqual(StatusCode.Unavailable, refused.StatusCode);
        Assert.IsFalse(shutdown.IsCompleted);
        gate.SetResult();
        await call.WaitAsync(TimeSpan.FromSeconds(20));
        await shutdown.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [TestMethod]
    public async Task ShutdownAsync_PatienceEnds_RunningCallsLoseTheirConnection()
    {
        await using var pair = ProbeService.CreatePair();
        var call = new Probe.ProbeClient(pair.Channel).WaitAsync(new Empty()).ResponseAsync;
        // The request is in when a later one has been answered.
        await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue());
        using var patience = new CancellationTokenSource(50);

        await Assert.ThrowsAsync<OperationCanceledException>(() => pair.Server.ShutdownAsync(patience.Token));

        Assert.AreEqual(StatusCode.Unavailable, (await Assert.ThrowsExactlyAsync<RpcException>(() => call)).StatusCode);
    }

    [TestMethod]
    public async Task ShutdownAsync_LargeReplyUnderWay_IsDeliveredWhole()
    {
        var (arrived, gate) = (NewSource(), NewSource());
        var text = new string('x', 4_000_000);
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnEcho = async (_, _) =>
            {
                arrived.SetResult();
                await gate.Task;
                return new StringValue { Value = text };
            },
        });
        var call = new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue()).ResponseAsync;
        await arrived.Task;
        var shutdown = pair.Server.ShutdownAsync();

        gate.SetResult();

        Assert.AreEqual(text, (await call).Value);
        await shutdown.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [TestMethod]
    public async Task ShutdownAsync_Twice_IsFine()
    {
        await using var pair = ProbeService.CreatePair();
        await pair.Server.ShutdownAsync();
        await pair.Server.ShutdownAsync();
        await pair.Server.DisposeAsync();

        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() =>
        {
            using var directory = new TestDirectory();
            pair.Server.Listen(TtrpcAddress.Unix(directory.File("late.sock")));
            return Task.CompletedTask;
        });
    }

    [TestMethod]
    public async Task DisposeAsync_RunningHandler_SeesItsTokenFire()
    {
        var (arrived, cancelled) = (NewSource(), NewSource());
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnWait = async (request, context) =>
            {
                using var registration = context.CancellationToken.Register(cancelled.SetResult);
                arrived.SetResult();
                await cancelled.Task;
                return request;
            },
        });
        _ = new Probe.ProbeClient(pair.Channel).WaitAsync(new Empty()).ResponseAsync;
        await arrived.Task;

        await pair.Server.DisposeAsync();

        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [TestMethod]
    public async Task AddServiceAlias_BothNames_AreServed()
    {
        await using var pair = ProbeService.CreatePair();
        pair.Server.AddServiceAlias("kata.probe.v3.Probe", ProbeService.Name);
        using var peer = RawPeer.ConnectTo(pair.Server);

        peer.Send(RawPeer.RequestFrame(1, "Echo", null, service: "kata.probe.v3.Probe"), RawPeer.RequestFrame(3, "Nope", null, service: "kata.probe.v3.Probe"));

        var answers = Enumerable.Range(0, 2).Select(_ => peer.ReceiveFrame().Header.StreamId).Order().ToArray();
        CollectionAssert.AreEqual(new uint[] { 1, 3 }, answers);
        await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue());
        Assert.ThrowsExactly<ArgumentException>(() => pair.Server.AddServiceAlias("x", "unknown"));
        Assert.ThrowsExactly<ArgumentException>(() => pair.Server.AddServiceAlias("kata.probe.v3.Probe", ProbeService.Name));
    }

    [TestMethod]
    public async Task BindService_Twice_Throws()
    {
        await using var server = ProbeService.CreateServer();

        Assert.ThrowsExactly<ArgumentException>(() => Probe.BindService(server.Services, new ProbeService()));
    }

    [TestMethod]
    public async Task AddMethod_OneByOne_IsServedAsBoundServicesAre()
    {
        var echo = MethodOf(MethodType.Unary);
        await using var pair = TtrpcPair.Create(static _ => { });
        pair.Server.AddMethod(echo, static (request, _) => Task.FromResult(new StringValue { Value = request.Value + "!" }));

        Assert.AreEqual("a!", (await pair.Channel.CallAsync(echo, new StringValue { Value = "a" })).Value);
        Assert.AreEqual("b!", (await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue { Value = "b" })).Value);
        Assert.ThrowsExactly<ArgumentException>(() => pair.Server.AddMethod(echo, static (request, _) => Task.FromResult(request)));
    }

    [TestMethod]
    public async Task MethodsThatAreStreams_AreRefused()
    {
        var count = MethodOf(MethodType.ServerStreaming);
        await using var pair = TtrpcPair.Create(static _ => { });

        Assert.ThrowsExactly<ArgumentException>(() => pair.Server.AddMethod(count, static (request, _) => Task.FromResult(request)));
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => pair.Channel.CallAsync(count, new StringValue()));
    }

    private static Method<StringValue, StringValue> MethodOf(MethodType type)
    {
        var marshaller = Marshallers.Create<StringValue>(static message => message.ToByteArray(), StringValue.Parser.ParseFrom);
        return new(type, ProbeService.Name, "Echo", marshaller, marshaller);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
