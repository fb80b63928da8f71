using Kata.Virtio.Queues;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Devices;

internal static partial class DeviceLog
{
    [LoggerMessage(300, LogLevel.Debug,
        "virtio device of type {DeviceType}: the driver is up, features 0x{Features:x} ({Suppressed} like it suppressed)")]
    public static partial void Started(ILogger logger, uint deviceType, ulong features, long suppressed);

    [LoggerMessage(301, LogLevel.Debug, "virtio device of type {DeviceType} was reset ({Suppressed} like it suppressed)")]
    public static partial void WasReset(ILogger logger, uint deviceType, long suppressed);

    [LoggerMessage(302, LogLevel.Warning,
        "virtio device of type {DeviceType}: features 0x{Features:x} are refused, 0x{Offered:x} are offered "
        + "({Suppressed} like it suppressed)")]
    public static partial void FeaturesRefused(ILogger logger, uint deviceType, ulong features, ulong offered, long suppressed);

    [LoggerMessage(303, LogLevel.Error,
        "virtio device of type {DeviceType}: queue {Queue} of {Size} entries is misaligned or not within one memory region; "
        + "the device needs a reset ({Suppressed} like it suppressed)")]
    public static partial void QueueRefused(ILogger logger, uint deviceType, int queue, ushort size, long suppressed);

    [LoggerMessage(304, LogLevel.Error,
        "virtio device of type {DeviceType}: the guest broke the rules of queue {Queue} ({Error}); the device needs a reset "
        + "({Suppressed} like it suppressed)")]
    public static partial void QueueBroken(ILogger logger, uint deviceType, int queue, QueueError error, long suppressed);

    [LoggerMessage(305, LogLevel.Critical,
        "virtio device of type {DeviceType} is lost: its thread has not answered for {Seconds} s, "
        + "most likely blocked by the host's storage")]
    public static partial void Lost(ILogger logger, uint deviceType, int seconds);
}
