using Kata.Protocols.Oci;

namespace Kata.Shim.Resources;

/// <summary>A container to prepare on the host.</summary>
internal sealed record ContainerRequest
{
    /// <summary>The container id, safe as a file name.</summary>
    public required string Id { get; init; }

    /// <summary>Absolute path of the bundle.</summary>
    public required string Bundle { get; init; }

    /// <summary>The OCI configuration as the bundle has it.</summary>
    public required Spec Spec { get; init; }

    /// <summary>The snapshotter's mounts; empty when the root file system is in place already.</summary>
    public IReadOnlyList<Kata.Protocols.Containerd.Task.Mount> Rootfs { get; init; } = [];
}
