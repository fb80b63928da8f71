using Microsoft.Extensions.Logging;

namespace Kata.Shim.Services;

internal static partial class ServiceLog
{
    [LoggerMessage(200, LogLevel.Debug, "Event {Topic}")]
    internal static partial void Event(ILogger logger, string topic);

    [LoggerMessage(201, LogLevel.Warning, "TTRPC_ADDRESS names no socket: events are not published")]
    internal static partial void NoEvents(ILogger logger);

    [LoggerMessage(202, LogLevel.Warning, "Event {Topic} is lost: {Reason}")]
    internal static partial void EventDropped(ILogger logger, string topic, string reason);

    [LoggerMessage(203, LogLevel.Warning, "containerd refused event {Topic}")]
    internal static partial void EventRefused(ILogger logger, Exception exception, string topic);

    [LoggerMessage(204, LogLevel.Debug, "{Method} failed: {Code}")]
    internal static partial void CallFailed(ILogger logger, Exception exception, string method, Grpc.Core.StatusCode code);

    [LoggerMessage(205, LogLevel.Error, "{Method} hit a defect")]
    internal static partial void CallBroken(ILogger logger, Exception exception, string method);
}
