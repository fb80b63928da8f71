using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Console;

internal static partial class ConsoleLog
{
    [LoggerMessage(600, LogLevel.Error,
        "console device stopped: the guest broke the rules of the {Queue} queue ({Reason}); it needs a reset "
        + "({Suppressed} like it suppressed)")]
    public static partial void DeviceBroken(ILogger logger, string queue, string reason, long suppressed);

    [LoggerMessage(601, LogLevel.Warning,
        "Nobody took the guest's console output for {Milliseconds} ms; it is lost until somebody does ({Suppressed} like it suppressed)")]
    public static partial void OutputDropped(ILogger logger, long milliseconds, long suppressed);
}
