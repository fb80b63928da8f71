using Kata.Linux;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Block;

internal static partial class BlockLog
{
    [LoggerMessage(400, LogLevel.Information, "Disk {Path} opened: {Bytes} bytes, read-only {ReadOnly}, direct {Direct}")]
    public static partial void Opened(ILogger logger, string path, long bytes, bool readOnly, bool direct);

    [LoggerMessage(401, LogLevel.Warning, "Disk {Path} does not take direct I/O ({Error}); it is read and written through the page cache")]
    public static partial void DirectUnavailable(ILogger logger, string path, Errno error);

    [LoggerMessage(402, LogLevel.Error, "Disk {Path}: {Type} at sector {Sector} failed: {Error} ({Suppressed} like it suppressed)")]
    public static partial void RequestFailed(
        ILogger logger, string path, BlockRequestType type, ulong sector, Errno error, long suppressed);

    [LoggerMessage(403, LogLevel.Warning,
        "Disk {Path}: the guest sent a malformed request, type {Type} at sector {Sector} ({Suppressed} like it suppressed)")]
    public static partial void MalformedRequest(ILogger logger, string path, BlockRequestType type, ulong sector, long suppressed);

    [LoggerMessage(404, LogLevel.Information, "Disk {Path} has {Bytes} bytes now")]
    public static partial void Resized(ILogger logger, string path, long bytes);
}
