using Kata.Linux;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.VhostUser;

internal static partial class VhostUserLog
{
    [LoggerMessage(100, LogLevel.Information, "VMM connected to the vhost-user socket")]
    public static partial void FrontEndConnected(ILogger logger);

    [LoggerMessage(101, LogLevel.Information, "VMM disconnected from the vhost-user socket")]
    public static partial void FrontEndDisconnected(ILogger logger);

    [LoggerMessage(102, LogLevel.Warning, "vhost-user connection closed: {Reason}")]
    public static partial void FrontEndRejected(ILogger logger, string reason);

    [LoggerMessage(103, LogLevel.Debug, "vhost-user request {Request}, {PayloadBytes} bytes, {DescriptorCount} descriptors")]
    public static partial void Request(ILogger logger, VhostUserRequest request, int payloadBytes, int descriptorCount);

    [LoggerMessage(104, LogLevel.Debug, "Guest memory shared in {RegionCount} regions")]
    public static partial void MemoryShared(ILogger logger, int regionCount);

    [LoggerMessage(105, LogLevel.Debug, "Ring {Ring} started, {Size} entries, at {Position}")]
    public static partial void RingStarted(ILogger logger, uint ring, ushort size, ushort position);

    [LoggerMessage(106, LogLevel.Debug, "Ring {Ring} stopped at {Position}")]
    public static partial void RingStopped(ILogger logger, uint ring, ushort position);

    [LoggerMessage(107, LogLevel.Information, "Guest restarted its driver; its connections are closed ({Suppressed} like it suppressed)")]
    public static partial void DriverRestarted(ILogger logger, long suppressed);

    [LoggerMessage(108, LogLevel.Warning,
        "VMM cannot be accepted at the vhost-user socket for now: {Error} ({Suppressed} like it suppressed)")]
    public static partial void AcceptFailed(ILogger logger, Errno error, long suppressed);

    [LoggerMessage(110, LogLevel.Debug, "Connected to the vhost-user back end at {Path}, which offers the features 0x{Features:x}")]
    public static partial void BackEndConnected(ILogger logger, string path, ulong features);

    [LoggerMessage(111, LogLevel.Error, "vhost-user back end at {Path} failed; its device is dead: {Reason}")]
    public static partial void BackEndFailed(ILogger logger, string path, string reason);

    [LoggerMessage(112, LogLevel.Debug,
        "Ring {Ring} handed to the back end, {Size} entries, at {Position} ({Suppressed} like it suppressed)")]
    public static partial void RingDelegated(ILogger logger, int ring, ushort size, ushort position, long suppressed);
}
