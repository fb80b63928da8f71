using Grpc.Core;
using Kata.Linux;

namespace Kata.Ttrpc.Server;

/// <summary>The status for an exception of a handler, along the lines of Go's ttrpc.</summary>
internal static class ExceptionStatus
{
    /// <param name="isDeadlineOver">A cancellation is the deadline's doing.</param>
    public static Status From(Exception exception, bool isDeadlineOver) => exception switch
    {
        RpcException e => e.Status,
        OperationCanceledException when isDeadlineOver => new Status(StatusCode.DeadlineExceeded, exception.Message, exception),
        _ => new Status(GetCode(exception), exception.Message, exception),
    };

    private static StatusCode GetCode(Exception exception) => exception switch
    {
        LinuxException e => GetCode(e.Errno),
        OperationCanceledException => StatusCode.Cancelled,
        TimeoutException => StatusCode.DeadlineExceeded,
        EndOfStreamException => StatusCode.OutOfRange,
        FileNotFoundException or DirectoryNotFoundException => StatusCode.NotFound,
        UnauthorizedAccessException => StatusCode.PermissionDenied,
        ObjectDisposedException => StatusCode.FailedPrecondition,
        NotImplementedException => StatusCode.Unimplemented,
        _ => StatusCode.Unknown,
    };

    private static StatusCode GetCode(Errno errno) => errno switch
    {
        Errno.EEXIST => StatusCode.AlreadyExists,
        Errno.ENOENT => StatusCode.NotFound,
        Errno.EPERM or Errno.EACCES => StatusCode.PermissionDenied,
        Errno.EINVAL => StatusCode.InvalidArgument,
        _ => StatusCode.Unknown,
    };
}
