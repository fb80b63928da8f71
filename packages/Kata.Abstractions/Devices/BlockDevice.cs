namespace Kata.Abstractions.Devices;

/// <summary>A disk backed by a raw file or a block device of the host.</summary>
public sealed record BlockDevice : Device
{
    /// <summary>Absolute path of the file or block device on the host.</summary>
    public required string HostPath { get; init; }

    /// <summary>The guest cannot write.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Bypass the host's page cache (O_DIRECT).</summary>
    public bool DirectIo { get; init; }

    /// <summary>Discards of the guest free space on the host.</summary>
    public bool Discard { get; init; }

    /// <summary>Serial number the guest sees, at most 20 bytes (virtio-blk); null for none.</summary>
    public string? Serial { get; init; }
}
