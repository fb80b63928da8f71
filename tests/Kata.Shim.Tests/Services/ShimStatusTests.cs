using Grpc.Core;
using Kata.Abstractions;
using Kata.Linux;
using Kata.Protocols.Oci;
using Kata.Shim.Agent;
using Kata.Shim.Services;

namespace Kata.Shim.Tests.Services;

[TestClass]
public sealed class ShimStatusTests
{
    [TestMethod]
    [DataRow(KataErrorKind.Internal, StatusCode.Internal)]
    [DataRow(KataErrorKind.InvalidArgument, StatusCode.InvalidArgument)]
    [DataRow(KataErrorKind.NotFound, StatusCode.NotFound)]
    [DataRow(KataErrorKind.AlreadyExists, StatusCode.AlreadyExists)]
    [DataRow(KataErrorKind.FailedPrecondition, StatusCode.FailedPrecondition)]
    [DataRow(KataErrorKind.NotSupported, StatusCode.Unimplemented)]
    [DataRow(KataErrorKind.Unavailable, StatusCode.Unavailable)]
    [DataRow(KataErrorKind.Timeout, StatusCode.DeadlineExceeded)]
    [DataRow(KataErrorKind.ResourceExhausted, StatusCode.ResourceExhausted)]
    public void From_KataException_MapsItsKind(KataErrorKind kind, StatusCode code)
    {
        var status = ShimStatus.From(new KataException(kind, "What happened."));

        Assert.AreEqual(code, status.StatusCode);
        Assert.AreEqual("What happened.", status.Detail);
    }

    [TestMethod]
    public void From_EveryKind_IsInTheTable()
    {
        foreach (var kind in Enum.GetValues<KataErrorKind>().Where(kind => kind != KataErrorKind.Internal))
            Assert.AreNotEqual(StatusCode.Internal, ShimStatus.CodeOf(new KataException(kind, "")), kind.ToString());
    }

    [TestMethod]
    [DataRow(StatusCode.NotFound, StatusCode.Unknown)]
    [DataRow(StatusCode.AlreadyExists, StatusCode.Unknown)]
    [DataRow(StatusCode.InvalidArgument, StatusCode.Unknown)]
    [DataRow(StatusCode.Internal, StatusCode.Internal)]
    [DataRow(StatusCode.Unavailable, StatusCode.Unavailable)]
    [DataRow(StatusCode.DeadlineExceeded, StatusCode.DeadlineExceeded)]
    [DataRow(StatusCode.Unimplemented, StatusCode.Unimplemented)]
    public void From_TheGuestsErrors_NeverLookLikeContainerdsOwn(StatusCode guest, StatusCode code) =>
        Assert.AreEqual(code, ShimStatus.CodeOf(new AgentException("Call", new Status(guest, "detail"))));

    [TestMethod]
    [DataRow(Errno.ENOSPC, StatusCode.ResourceExhausted)]
    [DataRow(Errno.ENOMEM, StatusCode.ResourceExhausted)]
    [DataRow(Errno.EMFILE, StatusCode.ResourceExhausted)]
    [DataRow(Errno.EPERM, StatusCode.PermissionDenied)]
    [DataRow(Errno.EACCES, StatusCode.PermissionDenied)]
    [DataRow(Errno.ENOENT, StatusCode.Unknown)]
    [DataRow(Errno.EEXIST, StatusCode.Unknown)]
    public void From_SystemCalls_NeverClaimThatAContainerIsMissing(Errno errno, StatusCode code) =>
        Assert.AreEqual(code, ShimStatus.CodeOf(new LinuxException("mount", "/x", errno)));

    [TestMethod]
    public void From_Others_HaveTheirCodes()
    {
        var malformed = Assert.ThrowsExactly<OciFormatException>(() => OciJson.ReadSpec("{"u8, "config.json"));
        Assert.AreEqual(StatusCode.InvalidArgument, ShimStatus.CodeOf(malformed));
        Assert.AreEqual(StatusCode.Cancelled, ShimStatus.CodeOf(new OperationCanceledException()));
        Assert.AreEqual(StatusCode.DeadlineExceeded, ShimStatus.CodeOf(new TimeoutException()));
        Assert.AreEqual(StatusCode.PermissionDenied, ShimStatus.CodeOf(new UnauthorizedAccessException()));
        Assert.AreEqual(StatusCode.Unknown, ShimStatus.CodeOf(new IOException()));
        Assert.AreEqual(StatusCode.Unknown, ShimStatus.CodeOf(new InvalidOperationException()));
        Assert.AreEqual(StatusCode.Aborted, ShimStatus.From(new RpcException(new Status(StatusCode.Aborted, ""))).StatusCode);
    }

    [TestMethod]
    public void From_ACause_IsPartOfTheMessage()
    {
        var status = ShimStatus.From(new KataException(KataErrorKind.Internal, "Starting failed.", new IOException("no kernel")));

        Assert.AreEqual("Starting failed. (no kernel)", status.Detail);
    }
}
