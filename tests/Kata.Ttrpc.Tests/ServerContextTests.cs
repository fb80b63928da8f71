using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Linux;
using Kata.Ttrpc.Tests.Probing;
using Status = Grpc.Core.Status;

namespace Kata.Ttrpc.Tests;

/// <summary>What handlers and middleware see.</summary>
[TestClass]
public sealed class ServerContextTests
{
    [TestMethod]
    public async Task Context_OfACall_TellsWhoAndWhat()
    {
        ServerCallContext? seen = null;
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnEcho = async (request, context) =>
            {
                seen = context;
                context.UserState["key"] = 1;
                await context.WriteResponseHeadersAsync([]);
                return request;
            },
        });

        await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue(), new Metadata { { "Some-Key", "value" } });

        Assert.IsNotNull(seen);
        Assert.AreEqual("/kata.probe.Probe/Echo", seen.Method);
        Assert.AreEqual("value", seen.RequestHeaders.GetValue("some-key"));
        Assert.AreEqual(DateTime.MaxValue, seen.Deadline);
        Assert.AreEqual("", seen.Host);
        Assert.IsFalse(seen.AuthContext.IsPeerAuthenticated);
        var credentials = seen.GetPeerCredentials();
        Assert.AreEqual(new PeerCredentials(Environment.ProcessId, CurrentProcess.EffectiveUserId, CurrentProcess.EffectiveGroupId), credentials);
        StringAssert.Contains(seen.Peer, $"pid={Environment.ProcessId}", StringComparison.Ordinal);
        Assert.ThrowsExactly<NotSupportedException>(() => seen.CreatePropagationToken());
    }

    [TestMethod]
    public async Task Middleware_EveryKindOfCall_IsWrapped()
    {
        var seen = new List<string>();
        await using var pair = ProbeService.CreatePair(serverOptions: new TtrpcServerOptions
        {
            Middleware = async (context, next) =>
            {
                lock (seen)
                    seen.Add(context.Method);
                await next();
            },
        });
        var client = new Probe.ProbeClient(pair.Channel);
        await client.EchoAsync(new StringValue());
        await client.Count(new Int64Value { Value = 1 }).ResponseStream.MoveNext();

        CollectionAssert.AreEqual(new[] { "/kata.probe.Probe/Echo", "/kata.probe.Probe/Count" }, seen);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task Middleware_Throws_IsTheAnswer(bool afterHandler)
    {
        var handled = 0;
        await using var pair = ProbeService.CreatePair(
            new ProbeService
            {
                OnEcho = (request, _) =>
                {
                    handled++;
                    return Task.FromResult(request);
                },
            },
            new TtrpcServerOptions
            {
                Middleware = async (_, next) =>
                {
                    if (afterHandler)
                        await next();
                    throw new RpcException(new Status(StatusCode.FailedPrecondition, "wrong namespace"));
                },
            });

        var error = await Assert.ThrowsExactlyAsync<RpcException>(
            async () => await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue()));

        Assert.AreEqual((StatusCode.FailedPrecondition, "wrong namespace"), (error.StatusCode, error.Status.Detail));
        Assert.AreEqual(afterHandler ? 1 : 0, handled);
    }

    [TestMethod]
    public async Task Middleware_MapsExceptions_HandlerErrorIsReplaced()
    {
        await using var pair = ProbeService.CreatePair(
            new ProbeService { OnEcho = (_, _) => throw new InvalidDataException("inner") },
            new TtrpcServerOptions
            {
                Middleware = async (_, next) =>
                {
                    try
                    {
                        await next();
                    }
                    catch (InvalidDataException e)
                    {
                        throw new RpcException(new Status(StatusCode.NotFound, e.Message));
                    }
                },
            });

        var error = await Assert.ThrowsExactlyAsync<RpcException>(
            async () => await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue()));

        Assert.AreEqual((StatusCode.NotFound, "inner"), (error.StatusCode, error.Status.Detail));
    }

    [TestMethod]
    public async Task Log_Call_OneDebugLine()
    {
        var log = new TestLog();
        await using var pair = ProbeService.CreatePair(serverOptions: new TtrpcServerOptions { Logger = log });
        await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue());

        StringAssert.StartsWith(await log.WaitForAsync("/kata.probe.Probe/Echo: OK in "), "Debug", StringComparison.Ordinal);
    }
}
