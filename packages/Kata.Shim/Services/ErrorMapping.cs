using Grpc.Core;
using Kata.Abstractions;
using Kata.Ttrpc;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Services;

/// <summary>Around every call: failures become the status of <see cref="ShimStatus"/>, and defects are logged with their stack.</summary>
internal static class ErrorMapping
{
    internal static TtrpcMiddleware Create(ILogger logger, Action called) => async (context, next) =>
    {
        called();
        try
        {
            await next();
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            var status = ShimStatus.From(exception);
            if (exception is KataException or IOException or FormatException or OperationCanceledException or UnauthorizedAccessException)
                ServiceLog.CallFailed(logger, exception, context.Method, status.StatusCode);
            else
                ServiceLog.CallBroken(logger, exception, context.Method);
            throw new RpcException(status);
        }
    };
}
