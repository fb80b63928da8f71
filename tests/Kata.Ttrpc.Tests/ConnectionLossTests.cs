using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Ttrpc.Tests.Probing;

namespace Kata.Ttrpc.Tests;

[TestClass]
public sealed class ConnectionLossTests
{
    [TestMethod]
    public async Task Calls_ServerGoesAway_AllFailAtOnceWithUnavailable()
    {
        var (peer, channel) = RawPeer.CreateServer();
        await using (channel)
        {
            var client = new Probe.ProbeClient(channel);
            var unary = Enumerable.Range(0, 1000).Select(_ => client.EchoAsync(new StringValue()).ResponseAsync).ToArray();
            using var chat = client.Chat();
            using var sum = client.Sum();
            var read = chat.ResponseStream.MoveNext();

            peer.Dispose();

            foreach (var call in (Task[])[.. unary, read, sum.ResponseAsync])
                await AssertUnavailableAsync(call);
            await channel.Closed.WaitAsync(TimeSpan.FromSeconds(20));
            await AssertUnavailableAsync(client.EchoAsync(new StringValue()).ResponseAsync);
            await AssertUnavailableAsync(client.Chat().ResponseStream.MoveNext());
            Assert.ThrowsExactly<RpcException>(() => client.Echo(new StringValue()));
            await Assert.ThrowsExactlyAsync<RpcException>(() => chat.RequestStream.WriteAsync(new StringValue()));
            Assert.AreEqual(0, channel.PendingCalls);
        }
    }

    [TestMethod]
    public async Task Calls_ReplyThenEnd_ReplyCounts()
    {
        var (peer, channel) = RawPeer.CreateServer();
        await using (channel)
        {
            var call = new Probe.ProbeClient(channel).EchoAsync(new StringValue()).ResponseAsync;
            peer.ReceiveFrame();
            peer.Send(RawPeer.Frame(1, 2, 0));
            peer.Dispose();

            await call;
            await channel.Closed.WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    [TestMethod]
    public async Task DisposeAsync_PendingCalls_FailWithUnavailable()
    {
        await using var pair = ProbeService.CreatePair();
        var call = new Probe.ProbeClient(pair.Channel).WaitAsync(new Empty()).ResponseAsync;

        await pair.Channel.DisposeAsync();
        await pair.Channel.DisposeAsync();

        await AssertUnavailableAsync(call);
        await pair.Channel.Closed.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [TestMethod]
    public async Task Handler_ClientGoesAway_TokenFiresAndHandlerMayRunToItsEnd()
    {
        var (arrived, waited, finished) = (NewSource(), NewSource(), NewSource());
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnWait = async (request, context) =>
            {
                arrived.SetResult();
                try
                {
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                }
                catch (OperationCanceledException)
                {
                    waited.SetResult();
                }

                // What changes state goes on.
                await Task.Yield();
                finished.SetResult();
                return request;
            },
        });
        _ = new Probe.ProbeClient(pair.Channel).WaitAsync(new Empty()).ResponseAsync;
        await arrived.Task;

        await pair.Channel.DisposeAsync();

        await Task.WhenAll(waited.Task, finished.Task).WaitAsync(TimeSpan.FromSeconds(20));
    }

    [TestMethod]
    public async Task Handlers_ThousandWaitAndClientGoesAway_AllSeeTheirTokenFire()
    {
        var (arrived, ended) = (new CountdownEvent(1000), new CountdownEvent(1000));
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnWait = async (request, context) =>
            {
                arrived.Signal();
                using var registration = context.CancellationToken.Register(() => ended.Signal());
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
                return request;
            },
        });
        var client = new Probe.ProbeClient(pair.Channel);
        var calls = Enumerable.Range(0, 1000).Select(_ => client.WaitAsync(new Empty()).ResponseAsync).ToArray();
        Assert.IsTrue(await Task.Run(() => arrived.Wait(TimeSpan.FromSeconds(20))));

        await pair.Channel.DisposeAsync();

        Assert.IsTrue(await Task.Run(() => ended.Wait(TimeSpan.FromSeconds(20))));
        foreach (var call in calls)
            await AssertUnavailableAsync(call);
    }

    [TestMethod]
    public async Task Connections_ClientsComeAndGo_NoneIsKept()
    {
        await using var server = ProbeService.CreateServer();
        for (var i = 0; i < 200; i++)
        {
            await using var channel = TtrpcPair.Connect(server);
            await new Probe.ProbeClient(channel).EchoAsync(new StringValue());
        }

        for (var i = 0; i < 200 && server.ConnectionCount > 0; i++)
            await Task.Delay(50);
        Assert.AreEqual(0, server.ConnectionCount);
    }

    [TestMethod]
    public async Task Connection_OneBreaks_OthersGoOn()
    {
        await using var server = ProbeService.CreateServer();
        await using var good = TtrpcPair.Connect(server);
        var pending = new Probe.ProbeClient(good).EchoAsync(new StringValue { Value = "good" }).ResponseAsync;
        using (var bad = RawPeer.ConnectTo(server))
        {
            bad.Send(Convert.FromHexString("FFFFFFFF"), new byte[6]);
            bad.ExpectEnd();
        }

        Assert.AreEqual("good", (await pending).Value);
        Assert.AreEqual("again", (await new Probe.ProbeClient(good).EchoAsync(new StringValue { Value = "again" })).Value);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async Task AssertUnavailableAsync(Task call)
    {
        var error = await Assert.ThrowsExactlyAsync<RpcException>(() => call.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.AreEqual((StatusCode.Unavailable, "ttrpc: closed"), (error.StatusCode, error.Status.Detail));
    }
}
