using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio;

/// <summary>How to make a <see cref="VirtioFileSystem"/>. One of <see cref="Path"/> and <see cref="Directory"/> is needed.</summary>
public sealed record VirtioFileSystemOptions
{
    /// <summary>Path of the directory to share; links in it are followed.</summary>
    public string? Path { get; init; }

    /// <summary>
    /// Instead of a path: the open directory to share, which may be opened with O_PATH. Owned by the device from its creation on.
    /// </summary>
    public SafeFileHandle? Directory { get; init; }

    /// <summary>What the guest mounts: <c>mount -t virtiofs TAG</c>. 1 to 36 bytes of UTF-8, without a NUL.</summary>
    public required string Tag { get; init; }

    /// <summary>How long the guest may keep what it has learned.</summary>
    public FileSystemCache Cache { get; init; } = FileSystemCache.Auto;

    /// <summary>The guest may read and write extended attributes, those of the host's file system.</summary>
    public bool ExtendedAttributes { get; init; }

    /// <summary>
    /// Locks (fcntl(2) and flock(2)) hold on the host, too, where others see them; otherwise among the guest's processes only. A guest that
    /// waits for such a lock gets EOPNOTSUPP, as the device cannot wait.
    /// </summary>
    public bool HostLocks { get; init; }

    /// <summary>The guest cannot change anything (EROFS).</summary>
    public bool ReadOnly { get; init; }

    /// <summary>
    /// Descriptors that the guest may make this process hold: one for each file that it knows, and one for each that it has open. Then it
    /// gets ENFILE. Null for three quarters of the soft RLIMIT_NOFILE, as it is when the device is made.
    /// </summary>
    public int? DescriptorLimit { get; init; }

    /// <summary>Request queues, at most 64. One thread serves them all.</summary>
    public int RequestQueues { get; init; } = 1;

    /// <summary>Entries of the largest queue that the device takes: a power of two, at most 1024.</summary>
    public int QueueSize { get; init; } = 1024;

    /// <summary>Where events of the device are reported.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
