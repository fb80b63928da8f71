using Kata.Abstractions;
using Kata.Shim.Resources;

namespace Kata.Shim.Persistence;

/// <summary>
/// What a sandbox holds on the host, written to disk before it is taken: enough for <c>delete</c> to remove everything after the daemon
/// was killed.
/// </summary>
internal sealed record SandboxState
{
    /// <summary>The containerd namespace: ids are unique within one only.</summary>
    public required string Namespace { get; init; }

    /// <summary>The sandbox's id.</summary>
    public required string SandboxId { get; init; }

    /// <summary>The bundle of the sandbox's first container.</summary>
    public required string Bundle { get; init; }

    /// <summary>The daemon.</summary>
    public required ProcessIdentity Daemon { get; init; }

    /// <summary>The VM's directory.</summary>
    public required string VmDirectory { get; init; }

    /// <summary>The VM; null until it is prepared.</summary>
    public HypervisorState? Hypervisor { get; init; }

    /// <summary>Mounts, processes, devices and directories of the sandbox; null until the first is taken.</summary>
    public SandboxResourceState? Resources { get; init; }

    /// <summary><c>keep_abnormal</c>: a failed sandbox is left as it is, for debugging.</summary>
    public bool KeepAbnormal { get; init; }
}
