namespace Kata.Abstractions.Devices;

/// <summary>A virtio-fs device. Exactly one of <see cref="SocketPath"/> and <see cref="HostPath"/> is set.</summary>
public sealed record SharedFileSystemDevice : Device
{
    /// <summary>The tag the guest mounts.</summary>
    public required string Tag { get; init; }

    /// <summary>The vhost-user socket of a file system daemon, e.g. virtiofsd.</summary>
    public string? SocketPath { get; init; }

    /// <summary>The host directory to serve from inside the VMM.</summary>
    public string? HostPath { get; init; }

    /// <summary>What the guest may keep, where <see cref="HostPath"/> is set; a daemon has been told otherwise.</summary>
    public SharedFileSystemCache Cache { get; init; } = SharedFileSystemCache.Auto;

    /// <summary>Queue size, a power of two up to 1024; 0 for the hypervisor's default.</summary>
    public int QueueSize { get; init; }
}
