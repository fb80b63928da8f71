using Grpc.Core;
using Kata.Abstractions;
using Kata.Linux;
using Kata.Protocols.Oci;
using Kata.Shim.Agent;
using Kata.Shim.Hosting;

namespace Kata.Shim.Services;

/// <summary>The one table from exceptions to the status codes containerd acts on.</summary>
internal static class ShimStatus
{
    internal static Status From(Exception exception) => exception is RpcException rpc ? rpc.Status : new Status(CodeOf(exception), LogfmtLogger.Flatten(exception));

    internal static StatusCode CodeOf(Exception exception) => exception switch
    {
        // What the guest does not know is not what containerd does not know: such codes must not reach it.
        AgentException { Kind: KataErrorKind.NotFound or KataErrorKind.AlreadyExists or KataErrorKind.InvalidArgument } => StatusCode.Unknown,
        KataException kata => CodeOf(kata.Kind),
        OciFormatException => StatusCode.InvalidArgument,
        CommandLineException => StatusCode.InvalidArgument,
        OperationCanceledException => StatusCode.Cancelled,
        TimeoutException => StatusCode.DeadlineExceeded,
        LinuxException { Errno: Errno.ENOSPC or Errno.EDQUOT or Errno.ENOMEM or Errno.EMFILE or Errno.ENFILE } => StatusCode.ResourceExhausted,
        LinuxException { Errno: Errno.EPERM or Errno.EACCES } or UnauthorizedAccessException => StatusCode.PermissionDenied,
        Google.Protobuf.InvalidProtocolBufferException => StatusCode.InvalidArgument,
        _ => StatusCode.Unknown,
    };

    private static StatusCode CodeOf(KataErrorKind kind) => kind switch
    {
        KataErrorKind.InvalidArgument => StatusCode.InvalidArgument,
        KataErrorKind.NotFound => StatusCode.NotFound,
        KataErrorKind.AlreadyExists => StatusCode.AlreadyExists,
        KataErrorKind.FailedPrecondition => StatusCode.FailedPrecondition,
        KataErrorKind.NotSupported => StatusCode.Unimplemented,
        KataErrorKind.Unavailable => StatusCode.Unavailable,
        KataErrorKind.Timeout => StatusCode.DeadlineExceeded,
        KataErrorKind.ResourceExhausted => StatusCode.ResourceExhausted,
        _ => StatusCode.Internal,
    };
}
