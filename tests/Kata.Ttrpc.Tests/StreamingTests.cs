using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Ttrpc.Tests.Probing;

namespace Kata.Ttrpc.Tests;

[TestClass]
public sealed class StreamingTests
{
    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(500)]
    public async Task Sum_ClientStream_HasOneResponse(int count)
    {
        await using var pair = ProbeService.CreatePair();
        using var call = new Probe.ProbeClient(pair.Channel).Sum();
        for (var i = 1; i <= count; i++)
            await call.RequestStream.WriteAsync(new Int64Value { Value = i });
        await call.RequestStream.CompleteAsync();

        Assert.AreEqual(count * (count + 1) / 2, (await call).Value);
        Assert.AreEqual(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(500)]
    public async Task Count_ServerStream_ArrivesInOrder(int count)
    {
        await using var pair = ProbeService.CreatePair();
        using var call = new Probe.ProbeClient(pair.Channel).Count(new Int64Value { Value = count });

        CollectionAssert.AreEqual(Enumerable.Range(1, count).Select(i => (long)i).ToArray(), await ReadAllAsync(call.ResponseStream));
        Assert.AreEqual(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [TestMethod]
    public async Task Chat_HundredStreamsAtOnce_EchoAllAndDoNotMix()
    {
        await using var pair = ProbeService.CreatePair();
        var client = new Probe.ProbeClient(pair.Channel);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(async stream =>
        {
            using var call = client.Chat();
            for (var i = 0; i < 64; i++)
            {
                var text = i % 8 == 0 ? "" : $"{stream}/{i}";
                await call.RequestStream.WriteAsync(new StringValue { Value = text });
                Assert.IsTrue(await call.ResponseStream.MoveNext());
                Assert.AreEqual(text, call.ResponseStream.Current.Value);
            }

            await call.RequestStream.CompleteAsync();
            Assert.IsFalse(await call.ResponseStream.MoveNext());
        }));
    }

    [TestMethod]
    public async Task Chat_LargeMessages_ArriveWhole()
    {
        await using var pair = ProbeService.CreatePair();
        using var call = new Probe.ProbeClient(pair.Channel).Chat();
        foreach (var size in new[] { 32 * 1024, 1 << 20, (4 << 20) - 10, 5 })
        {
            var text = new string((char)('a' + (size % 26)), size);
            await call.RequestStream.WriteAsync(new StringValue { Value = text });
            Assert.IsTrue(await call.ResponseStream.MoveNext());
            Assert.AreEqual(text, call.ResponseStream.Current.Value);
        }
    }

    [TestMethod]
    public async Task Chat_MessageOverTheLimit_IsRefusedAndTheStreamGoesOn()
    {
        await using var pair = ProbeService.CreatePair();
        using var call = new Probe.ProbeClient(pair.Channel).Chat();

        var error = await Assert.ThrowsExactlyAsync<RpcException>(
            () => call.RequestStream.WriteAsync(new StringValue { Value = new string('x', 4 << 20) }));

        Assert.AreEqual(StatusCode.ResourceExhausted, error.StatusCode);
        await call.RequestStream.WriteAsync(new StringValue { Value = "y" });
        Assert.IsTrue(await call.ResponseStream.MoveNext());
    }

    [TestMethod]
    public async Task Chat_HandlerFailsMidway_MessagesThenStatus()
    {
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnChat = async (_, responses, _) =>
            {
                await responses.WriteAsync(new StringValue { Value = "one" });
                throw new RpcException(new Status(StatusCode.Aborted, "enough"));
            },
        });
        using var call = new Probe.ProbeClient(pair.Channel).Chat();
        Assert.IsTrue(await call.ResponseStream.MoveNext());

        var error = await Assert.ThrowsExactlyAsync<RpcException>(() => call.ResponseStream.MoveNext());

        Assert.AreEqual((StatusCode.Aborted, "enough"), (error.StatusCode, error.Status.Detail));
        error = await Assert.ThrowsExactlyAsync<RpcException>(() => call.RequestStream.WriteAsync(new StringValue()));
        Assert.AreEqual(StatusCode.Aborted, error.StatusCode);
        await call.RequestStream.CompleteAsync();
    }

    [TestMethod]
    public async Task Sum_HandlerFailsEarly_CallFails()
    {
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnSum = (_, _) => throw new RpcException(new Status(StatusCode.PermissionDenied, "no")),
        });
        using var call = new Probe.ProbeClient(pair.Channel).Sum();

        var error = await Assert.ThrowsExactlyAsync<RpcException>(async () => await call);

        Assert.AreEqual(StatusCode.PermissionDenied, error.StatusCode);
    }

    [TestMethod]
    public async Task Count_ReaderFallsBehind_StreamFailsAndTheConnectionGoesOn()
    {
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var pair = ProbeService.CreatePair(
            new ProbeService
            {
                OnCount = async (_, responses, _) =>
                {
                    for (var i = 1; i <= 1000; i++)
                        await responses.WriteAsync(new Int64Value { Value = i });
                    sent.SetResult();
                },
            },
            channelOptions: new TtrpcChannelOptions { MaxStreamBacklog = 1000 });
        var client = new Probe.ProbeClient(pair.Channel);
        using var call = client.Count(new Int64Value());
        await sent.Task;
        // The answer to a later call comes after all that was sent before.
        await client.EchoAsync(new StringValue());

        var error = await Assert.ThrowsExactlyAsync<RpcException>(() => ReadAllAsync(call.ResponseStream));

        Assert.AreEqual(StatusCode.ResourceExhausted, error.StatusCode);
        await client.EchoAsync(new StringValue());
    }

    [TestMethod]
    public async Task Count_CallerDisposes_ReadFailsWithCancelled()
    {
        await using var pair = ProbeService.CreatePair(new ProbeService { OnCount = (_, _, context) => Task.Delay(-1, context.CancellationToken) });
        var call = new Probe.ProbeClient(pair.Channel).Count(new Int64Value());
        var read = call.ResponseStream.MoveNext();

        call.Dispose();

        Assert.AreEqual(StatusCode.Cancelled, (await Assert.ThrowsExactlyAsync<RpcException>(() => read)).StatusCode);
    }

    [TestMethod]
    public async Task MoveNext_TokenFires_LosesNoMessage()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnCount = async (_, responses, _) =>
            {
                await gate.Task;
                await responses.WriteAsync(new Int64Value { Value = 1 });
            },
        });
        using var call = new Probe.ProbeClient(pair.Channel).Count(new Int64Value());
        using var source = new CancellationTokenSource();
        var read = call.ResponseStream.MoveNext(source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => read);

        gate.SetResult();

        CollectionAssert.AreEqual(new[] { 1L }, await ReadAllAsync(call.ResponseStream));
    }

    [TestMethod]
    public async Task Chat_ServerSendsMoreThanTheSocketHolds_WriterWaitsForTheReader()
    {
        const int Messages = 64;
        var written = 0;
        await using var pair = ProbeService.CreatePair(
            new ProbeService
            {
                OnChat = async (_, responses, _) =>
                {
                    for (; written < Messages; written++)
                        await responses.WriteAsync(new StringValue { Value = new string('x', 1 << 20) });
                },
            },
            channelOptions: new TtrpcChannelOptions { MaxStreamBacklog = Messages << 20 });
        using var call = new Probe.ProbeClient(pair.Channel).Chat();
        var read = 0;
        while (await call.ResponseStream.MoveNext())
            read++;

        Assert.AreEqual(Messages, read);
    }

    [TestMethod]
    public async Task WriteAsync_AfterComplete_Throws()
    {
        await using var pair = ProbeService.CreatePair();
        using var call = new Probe.ProbeClient(pair.Channel).Sum();
        await call.RequestStream.CompleteAsync();
        await call.RequestStream.CompleteAsync();

        await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(new Int64Value()));
    }

    [TestMethod]
    public async Task Count_DeadlineOver_FailsTheReadAndCancelsTheHandler()
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnCount = async (_, _, context) =>
            {
                using var registration = context.CancellationToken.Register(cancelled.SetResult);
                await cancelled.Task;
                context.CancellationToken.ThrowIfCancellationRequested();
            },
        });
        using var call = new Probe.ProbeClient(pair.Channel).Count(new Int64Value(), deadline: DateTime.UtcNow.AddMilliseconds(100));

        var error = await Assert.ThrowsExactlyAsync<RpcException>(() => call.ResponseStream.MoveNext());

        Assert.AreEqual(StatusCode.DeadlineExceeded, error.StatusCode);
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static async Task<long[]> ReadAllAsync(IAsyncStreamReader<Int64Value> reader)
    {
        var result = new List<long>();
        while (await reader.MoveNext())
            result.Add(reader.Current.Value);
        return [.. result];
    }
}
