using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Virtio;

/// <summary>How to attach a disk.</summary>
public sealed record VirtioBlockOptions
{
    /// <summary>A raw image file or a block device of the host.</summary>
    public required string Path { get; init; }

    /// <summary>The guest cannot write. Many machines can have the disk at once if all attach it like that; otherwise only one.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>
    /// Past the host's page cache where alignment allows it (O_DIRECT): for disks that the guest caches itself. An image on a file system
    /// that does not do that goes through the page cache, which is logged.
    /// </summary>
    public bool Direct { get; init; }

    /// <summary>
    /// What the guest sees as the disk's serial number, e.g. in /dev/disk/by-id/virtio-SERIAL: at most 20 bytes of ASCII; null for none.
    /// </summary>
    public string? Serial { get; init; }

    /// <summary>Queues, with a thread each: 1 to 16. More than the guest has processors are of no use.</summary>
    public int QueueCount { get; init; } = 1;

    /// <summary>Where events of the device are reported.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
