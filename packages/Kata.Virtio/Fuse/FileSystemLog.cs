using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Fuse;

internal static partial class FileSystemLog
{
    [LoggerMessage(600, LogLevel.Debug,
        "virtio-fs {Tag} mounted by the guest, FUSE {Major}.{Minor}, features {Features} ({Suppressed} like it suppressed)")]
    public static partial void Mounted(ILogger logger, string tag, uint major, uint minor, FuseFeatures features, long suppressed);

    [LoggerMessage(601, LogLevel.Debug, "virtio-fs {Tag} unmounted by the guest ({Suppressed} like it suppressed)")]
    public static partial void Unmounted(ILogger logger, string tag, long suppressed);

    [LoggerMessage(602, LogLevel.Warning, "Guest speaks FUSE {Major}.{Minor}, which is too old: 7.27 is needed")]
    public static partial void VersionTooOld(ILogger logger, uint major, uint minor);

    [LoggerMessage(603, LogLevel.Warning,
        "Guest sent a malformed FUSE request ({Opcode}, {Length} bytes), which is refused ({Suppressed} like it suppressed)")]
    public static partial void Malformed(ILogger logger, FuseOpcode opcode, uint length, long suppressed);

    [LoggerMessage(604, LogLevel.Warning,
        "Guest holds {Limit} files, which is the limit: it gets ENFILE. Raise RLIMIT_NOFILE or DescriptorLimit "
        + "({Suppressed} like it suppressed)")]
    public static partial void TooManyFiles(ILogger logger, int limit, long suppressed);

    [LoggerMessage(605, LogLevel.Error,
        "virtio-fs {Tag} stopped: the guest broke the rules of queue {Queue} ({Reason}); it needs a reset "
        + "({Suppressed} like it suppressed)")]
    public static partial void DeviceBroken(ILogger logger, string tag, int queue, string reason, long suppressed);
}
