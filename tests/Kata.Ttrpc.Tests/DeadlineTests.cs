using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Ttrpc.Tests.Probing;

namespace Kata.Ttrpc.Tests;

/// <summary>Deadlines and cancellation of unary calls.</summary>
[TestClass]
public sealed class DeadlineTests
{
    [TestMethod]
    public async Task Remaining_Deadline_ReachesTheHandler()
    {
        await using var pair = ProbeService.CreatePair();
        var client = new Probe.ProbeClient(pair.Channel);

        var left = TimeSpan.FromMicroseconds((await client.RemainingAsync(new Empty(), deadline: DateTime.UtcNow.AddHours(1))).Value / 1000);

        Assert.IsInRange(TimeSpan.FromMinutes(59), TimeSpan.FromHours(1), left);
        Assert.AreEqual(0, (await client.RemainingAsync(new Empty())).Value);
        Assert.AreEqual(0, (await client.RemainingAsync(new Empty(), deadline: DateTime.MaxValue)).Value);
    }

    [TestMethod]
    public async Task Wait_DeadlineOver_FailsAndCancelsTheHandler()
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnWait = async (request, context) =>
            {
                using var registration = context.CancellationToken.Register(cancelled.SetResult);
                await cancelled.Task;
                // Whoever is first, this or the client's own clock: it is the deadline.
                context.CancellationToken.ThrowIfCancellationRequested();
                return request;
            },
        });
        using var call = new Probe.ProbeClient(pair.Channel).WaitAsync(new Empty(), deadline: DateTime.UtcNow.AddMilliseconds(100));

        var error = await Assert.ThrowsExactlyAsync<RpcException>(async () => await call);

        Assert.AreEqual(StatusCode.DeadlineExceeded, error.StatusCode);
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [TestMethod]
    public async Task Wait_ServerNeverAnswers_DeadlineIsEnforcedHere()
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            var client = new Probe.ProbeClient(channel);
            using var call = client.WaitAsync(new Empty(), deadline: DateTime.UtcNow.AddMilliseconds(50));
            Assert.AreEqual(StatusCode.DeadlineExceeded, (await Assert.ThrowsExactlyAsync<RpcException>(async () => await call)).StatusCode);
            peer.ReceiveFrame();

            // The late answer is ignored and harms nobody.
            var next = client.WaitAsync(new Empty()).ResponseAsync;
            peer.ReceiveFrame();
            peer.Send(RawPeer.Frame(1, 2, 0), RawPeer.Frame(3, 2, 0));
            await next;
        }
    }

    [TestMethod]
    public async Task Echo_DeadlineOverBefore_SendsNothing()
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            var client = new Probe.ProbeClient(channel);

            var error = await Assert.ThrowsExactlyAsync<RpcException>(
                async () => await client.EchoAsync(new StringValue(), deadline: DateTime.UtcNow.AddSeconds(-1)));

            Assert.AreEqual(StatusCode.DeadlineExceeded, error.StatusCode);
            _ = client.EchoAsync(new StringValue()).ResponseAsync;
            Assert.AreEqual(1u, peer.ReceiveFrame().Header.StreamId);
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task Wait_Cancelled_FailsAndTheServerLearnsNothing(bool byDispose)
    {
        var arrived = new TaskCompletionSource<ServerCallContext>(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnWait = async (request, context) =>
            {
                arrived.SetResult(context);
                await gate.Task;
                return request;
            },
        });
        var client = new Probe.ProbeClient(pair.Channel);
        using var source = new CancellationTokenSource();
        var call = client.WaitAsync(new Empty(), cancellationToken: source.Token);
        var context = await arrived.Task;

        if (byDispose)
            call.Dispose();
        else
            await source.CancelAsync();

        Assert.AreEqual(StatusCode.Cancelled, (await Assert.ThrowsExactlyAsync<RpcException>(async () => await call)).StatusCode);
        Assert.AreEqual(StatusCode.Cancelled, call.GetStatus().StatusCode);
        Assert.IsFalse(context.CancellationToken.IsCancellationRequested);
        gate.SetResult();
        await client.EchoAsync(new StringValue());
    }

    [TestMethod]
    public async Task Echo_CancelledBefore_SendsNothing()
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            var client = new Probe.ProbeClient(channel);

            var error = await Assert.ThrowsExactlyAsync<RpcException>(
                async () => await client.EchoAsync(new StringValue(), cancellationToken: new CancellationToken(true)));

            Assert.AreEqual(StatusCode.Cancelled, error.StatusCode);
            _ = client.EchoAsync(new StringValue()).ResponseAsync;
            Assert.AreEqual(1u, peer.ReceiveFrame().Header.StreamId);
        }
    }

    [TestMethod]
    public async Task Wait_ThousandCancelledAtRandom_AllEndAndNoneIsKept()
    {
        await using var pair = ProbeService.CreatePair(new ProbeService { OnWait = (request, _) => Task.FromResult(request) });
        var client = new Probe.ProbeClient(pair.Channel);

        await Task.WhenAll(Enumerable.Range(0, 1000).Select(async i =>
        {
            using var source = new CancellationTokenSource();
            var call = client.WaitAsync(new Empty(), cancellationToken: source.Token).ResponseAsync;
            if (i % 2 == 0)
                await Task.Yield();
            await source.CancelAsync();
            try
            {
                await call;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Cancelled)
            {
            }
        }));

        Assert.AreEqual(0, pair.Channel.PendingCalls);
    }
}
