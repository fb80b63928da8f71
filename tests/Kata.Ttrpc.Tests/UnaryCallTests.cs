using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Ttrpc.Tests.Probing;

namespace Kata.Ttrpc.Tests;

[TestClass]
public sealed class UnaryCallTests
{
    [TestMethod]
    public async Task Echo_Async_ReturnsReply()
    {
        await using var pair = ProbeService.CreatePair();
        using var call = new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue { Value = "hello" });

        Assert.AreEqual("hello", (await call).Value);
        Assert.AreEqual(Status.DefaultSuccess, call.GetStatus());
        Assert.IsEmpty(await call.ResponseHeadersAsync);
        Assert.IsEmpty(call.GetTrailers());
    }

    [TestMethod]
    public async Task Echo_Blocking_ReturnsReply()
    {
        await using var pair = ProbeService.CreatePair();

        Assert.AreEqual("hello", new Probe.ProbeClient(pair.Channel).Echo(new StringValue { Value = "hello" }).Value);
    }

    [TestMethod]
    public async Task Echo_BlockingWithinContinuations_DoesNotStall()
    {
        await using var pair = ProbeService.CreatePair();
        var client = new Probe.ProbeClient(pair.Channel);
        for (var i = 0; i < 20; i++)
        {
            // Each await may continue on a poller thread, which the blocking call then occupies.
            await client.EchoAsync(new StringValue());
            Assert.AreEqual("inner", client.Echo(new StringValue { Value = "inner" }).Value);
        }
    }

    [TestMethod]
    public async Task Echo_ThousandConcurrentBlockedCalls_AllAnswered()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var arrived = new CountdownEvent(1000);
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnEcho = async (request, _) =>
            {
                arrived.Signal();
                await gate.Task;
                return request;
            },
        });
        var client = new Probe.ProbeClient(pair.Channel);
        var calls = Enumerable.Range(0, 1000).Select(i => client.EchoAsync(new StringValue { Value = $"{i}" }).ResponseAsync).ToArray();
        await Task.Run(arrived.Wait).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.IsFalse(calls.Any(call => call.IsCompleted));

        gate.SetResult();
        var replies = await Task.WhenAll(calls);

        CollectionAssert.AreEqual(Enumerable.Range(0, 1000).Select(i => $"{i}").ToArray(), replies.Select(reply => reply.Value).ToArray());
    }

    [TestMethod]
    public async Task Echo_HandlersBlockTheirThreads_OthersGoOn()
    {
        using var gate = new ManualResetEventSlim();
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnEcho = (request, _) =>
            {
                if (request.Value == "block")
                    gate.Wait();
                return Task.FromResult(request);
            },
        });
        var client = new Probe.ProbeClient(pair.Channel);
        var blocked = Enumerable.Range(0, 4).Select(_ => client.EchoAsync(new StringValue { Value = "block" }).ResponseAsync).ToArray();

        for (var i = 0; i < 100; i++)
            await client.EchoAsync(new StringValue { Value = "pass" }).ResponseAsync.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.IsFalse(blocked.Any(call => call.IsCompleted));
        gate.Set();
        await Task.WhenAll(blocked);
    }

    [TestMethod]
    public async Task Echo_ContinuationBlocksItsThread_OthersGoOn()
    {
        await using var pair = ProbeService.CreatePair();
        var client = new Probe.ProbeClient(pair.Channel);
        using var gate = new ManualResetEventSlim();
        var blocked = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            await client.EchoAsync(new StringValue()).ConfigureAwait(false);
            gate.Wait();
        })).ToArray();

        for (var i = 0; i < 100; i++)
            await client.EchoAsync(new StringValue()).ResponseAsync.WaitAsync(TimeSpan.FromSeconds(20));

        gate.Set();
        await Task.WhenAll(blocked);
    }

    [TestMethod]
    public async Task Echo_OversizedAmongMany_HarmsNoOther()
    {
        await using var pair = ProbeService.CreatePair();
        var client = new Probe.ProbeClient(pair.Channel);
        var large = new StringValue { Value = new string('x', 4 << 20) };

        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                if (worker % 2 == 0)
                    await Assert.ThrowsExactlyAsync<RpcException>(async () => await client.EchoAsync(large));
                else
                    Assert.AreEqual($"{i}", (await client.EchoAsync(new StringValue { Value = $"{i}" })).Value);
            }
        })));

        Assert.AreEqual(0, pair.Channel.PendingCalls);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1000)]
    [DataRow(4096)]
    [DataRow(70_000)]
    [DataRow(4 * 1024 * 1024 - 100)]
    public async Task Echo_AnySize_ReturnsReply(int size)
    {
        await using var pair = ProbeService.CreatePair();
        var text = new string('x', size);

        Assert.AreEqual(text, (await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue { Value = text })).Value);
    }
}
