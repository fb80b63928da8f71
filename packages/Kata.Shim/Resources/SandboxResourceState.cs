using Kata.Abstractions;
using Kata.Shim.Resources.Network;

namespace Kata.Shim.Resources;

/// <summary>
/// What a sandbox holds on the host, as a later clean-up must know it. Entries are made before the thing itself, so each may also
/// describe something that does not exist. What belongs to single containers lives below <see cref="SharedDirectory"/>.
/// </summary>
internal sealed record SandboxResourceState
{
    /// <summary>The directory with everything shared with the guest; its mounts are undone, then it is removed. Null for none.</summary>
    public string? SharedDirectory { get; init; }

    /// <summary>Daemons of the sandbox other than the VMM.</summary>
    public IReadOnlyList<ProcessIdentity> Processes { get; init; } = [];

    /// <summary>The cgroups that were made; whatever runs in them belongs to the sandbox.</summary>
    public IReadOnlyList<string> Cgroups { get; init; } = [];

    /// <summary>Parents of the cgroups, to be removed when nothing else is in them.</summary>
    public IReadOnlyList<string> CgroupParents { get; init; } = [];

    /// <summary>Changes in a network namespace; null for none.</summary>
    public NetworkState? Network { get; init; }
}
