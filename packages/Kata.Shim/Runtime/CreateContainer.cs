using Kata.Protocols.Containerd.Task;
using Kata.Shim.Runtime.Io;

namespace Kata.Shim.Runtime;

/// <summary>A request to create a container.</summary>
internal sealed record CreateContainer
{
    internal required string Id { get; init; }

    /// <summary>Absolute path of the bundle.</summary>
    internal required string Bundle { get; init; }

    /// <summary>The snapshotter's mounts for the root file system; empty when the bundle has it in place.</summary>
    internal required IReadOnlyList<Mount> Rootfs { get; init; }

    internal required Stdio Stdio { get; init; }

    /// <summary>The configuration file that the runtime options name, or null.</summary>
    internal string? ConfigPath { get; init; }
}
