using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Linux;
using Kata.Ttrpc.Tests.Probing;
using Status = Grpc.Core.Status;

namespace Kata.Ttrpc.Tests;

/// <summary>Errors of handlers, end to end.</summary>
[TestClass]
public sealed class StatusTests
{
    [TestMethod]
    public async Task Fail_EachCode_ComesThrough()
    {
        await using var pair = ProbeService.CreatePair();
        var client = new Probe.ProbeClient(pair.Channel);
        for (var code = 1; code <= 16; code++)
        {
            var error = await Assert.ThrowsExactlyAsync<RpcException>(async () => await client.FailAsync(new Int32Value { Value = code }));
            Assert.AreEqual(((StatusCode)code, $"failed with {code}"), (error.StatusCode, error.Status.Detail));
        }
    }

    [TestMethod]
    public async Task Echo_HandlerThrows_IsMappedAsInGo()
    {
        foreach (var (exception, code) in new (Exception, StatusCode)[]
        {
            (new InvalidOperationException("text"), StatusCode.Unknown),
            (new EndOfStreamException("text"), StatusCode.OutOfRange),
            (new OperationCanceledException("text"), StatusCode.Cancelled),
            (new TimeoutException("text"), StatusCode.DeadlineExceeded),
            (new FileNotFoundException("text"), StatusCode.NotFound),
            (new DirectoryNotFoundException("text"), StatusCode.NotFound),
            (new UnauthorizedAccessException("text"), StatusCode.PermissionDenied),
            (new NotImplementedException("text"), StatusCode.Unimplemented),
            (new LinuxException("mkdir", "text", Errno.EEXIST), StatusCode.AlreadyExists),
            (new LinuxException("open", "text", Errno.ENOENT), StatusCode.NotFound),
            (new LinuxException("open", "text", Errno.EACCES), StatusCode.PermissionDenied),
            (new LinuxException("open", "text", Errno.EINVAL), StatusCode.InvalidArgument),
            (new LinuxException("open", "text", Errno.EIO), StatusCode.Unknown),
        })
        {
            await using var pair = ProbeService.CreatePair(new ProbeService { OnEcho = (_, _) => throw exception });
            var error = await Assert.ThrowsExactlyAsync<RpcException>(
                async () => await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue()));
            Assert.AreEqual(code, error.StatusCode, exception.GetType().Name);
            StringAssert.Contains(error.Status.Detail, "text", StringComparison.Ordinal);
        }
    }

    [TestMethod]
    public async Task Echo_DetailsInTrailers_ComeThrough()
    {
        var details = new Wire.Status { Code = 9, Message = "ignored", Details = { Any.Pack(new StringValue { Value = "why" }) } };
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnEcho = (_, _) => throw new RpcException(
                new Status(StatusCode.FailedPrecondition, "stopped"), new Metadata { { "grpc-status-details-bin", details.ToByteArray() } }),
        });

        var error = await Assert.ThrowsExactlyAsync<RpcException>(
            async () => await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue()));

        var received = Wire.Status.Parser.ParseFrom(error.Trailers.GetValueBytes("grpc-status-details-bin"));
        Assert.AreEqual((9, "stopped"), (received.Code, received.Message));
        Assert.AreEqual("why", received.Details.Single().Unpack<StringValue>().Value);
    }

    [TestMethod]
    public async Task Echo_StatusSetOnContext_Counts()
    {
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnEcho = (request, context) =>
            {
                context.Status = new Status(StatusCode.DataLoss, "set");
                return Task.FromResult(request);
            },
        });

        var error = await Assert.ThrowsExactlyAsync<RpcException>(
            async () => await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue()));

        Assert.AreEqual((StatusCode.DataLoss, "set"), (error.StatusCode, error.Status.Detail));
    }

    [TestMethod]
    public async Task Echo_NullResponse_IsAnErrorAndNoSilence()
    {
        await using var pair = ProbeService.CreatePair(new ProbeService { OnEcho = (_, _) => Task.FromResult<StringValue>(null!) });

        var error = await Assert.ThrowsExactlyAsync<RpcException>(
            async () => await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue()));

        Assert.AreEqual(StatusCode.Unknown, error.StatusCode);
    }

    [TestMethod]
    public async Task Echo_ErrorTextOfMegabytes_IsResourceExhausted()
    {
        await using var pair = ProbeService.CreatePair(new ProbeService
        {
            OnEcho = (_, _) => throw new InvalidOperationException(new string('x', 5 << 20)),
        });

        var error = await Assert.ThrowsExactlyAsync<RpcException>(
            async () => await new Probe.ProbeClient(pair.Channel).EchoAsync(new StringValue()));

        Assert.AreEqual(StatusCode.ResourceExhausted, error.StatusCode);
    }
}
