using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Virtio;

/// <summary>Which back end serves a <see cref="VhostUserFileSystem"/>, and how the guest sees it.</summary>
public sealed record VhostUserFileSystemOptions
{
    /// <summary>Absolute path of the unix socket where the back end listens, for instance virtiofsd's <c>--socket-path</c>.</summary>
    public required string SocketPath { get; init; }

    /// <summary>The name under which the guest mounts it (<c>mount -t virtiofs TAG DIRECTORY</c>): 1 to 36 bytes in UTF-8.</summary>
    public required string Tag { get; init; }

    /// <summary>Entries of the largest queue: a power of two. Kata's default is 1024 (<c>virtio_fs_queue_size</c>).</summary>
    public ushort QueueSize { get; init; } = 1024;

    /// <summary>Where events of the device are reported.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
