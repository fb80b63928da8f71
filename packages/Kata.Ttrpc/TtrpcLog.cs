using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Kata.Ttrpc;

/// <summary>Everything this package logs.</summary>
internal static partial class TtrpcLog
{
    [LoggerMessage(1, LogLevel.Warning, "The ttrpc connection broke.")]
    public static partial void ConnectionBroken(ILogger logger, Exception reason);

    [LoggerMessage(2, LogLevel.Warning, "Discarded a ttrpc frame of {Length} bytes on stream {StreamId}: over the limit.")]
    public static partial void OversizedFrame(ILogger logger, uint length, uint streamId);

    [LoggerMessage(3, LogLevel.Debug, "Ignored a frame for stream {StreamId}, which nobody waits for.")]
    public static partial void UnknownStream(ILogger logger, uint streamId);

    [LoggerMessage(4, LogLevel.Debug, "{Method}: {Code} in {Milliseconds:0.###} ms {Detail}")]
    public static partial void CallEnded(ILogger logger, string method, StatusCode code, double milliseconds, string detail);

    [LoggerMessage(5, LogLevel.Warning, "Refused a ttrpc peer of another user: pid {Pid}, uid {Uid}, gid {Gid}.")]
    public static partial void PeerRefused(ILogger logger, int pid, uint uid, uint gid);

    [LoggerMessage(6, LogLevel.Error, "Accepting a ttrpc connection failed; trying again in {Milliseconds} ms.")]
    public static partial void AcceptFailed(ILogger logger, double milliseconds, Exception error);
}
