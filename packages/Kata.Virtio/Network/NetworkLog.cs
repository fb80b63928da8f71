using Kata.Linux;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Network;

internal static partial class NetworkLog
{
    [LoggerMessage(500, LogLevel.Error,
        "network device stopped: the guest broke the rules of the {Queue} queue ({Reason}); it needs a reset "
        + "({Suppressed} like it suppressed)")]
    public static partial void DeviceBroken(ILogger logger, string queue, string reason, long suppressed);

    [LoggerMessage(501, LogLevel.Debug, "Guest sent a malformed network frame, which is dropped ({Suppressed} like it suppressed)")]
    public static partial void MalformedFrame(ILogger logger, long suppressed);

    [LoggerMessage(502, LogLevel.Debug, "TAP device {Tap} did not take a frame of the guest: {Error} ({Suppressed} like it suppressed)")]
    public static partial void FrameRefused(ILogger logger, string tap, Errno error, long suppressed);

    [LoggerMessage(503, LogLevel.Debug,
        "A frame of {Bytes} bytes does not fit into the guest's receive buffers; it is dropped ({Suppressed} like it suppressed)")]
    public static partial void FrameTooLarge(ILogger logger, int bytes, long suppressed);

    [LoggerMessage(504, LogLevel.Warning, "TAP device {Tap} cannot be read: {Error} ({Suppressed} like it suppressed)")]
    public static partial void ReceiveFailed(ILogger logger, string tap, Errno error, long suppressed);

    [LoggerMessage(505, LogLevel.Warning, "TAP device {Tap} cannot be set up for its guest: {Reason} ({Suppressed} like it suppressed)")]
    public static partial void TapRefused(ILogger logger, string tap, string reason, long suppressed);

    [LoggerMessage(506, LogLevel.Debug, "Guest uses {Count} queue pairs of TAP device {Tap} ({Suppressed} like it suppressed)")]
    public static partial void QueuePairs(ILogger logger, string tap, int count, long suppressed);
}
