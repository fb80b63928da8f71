using Kata.Protocols.Oci;

namespace Kata.Shim.Runtime;

/// <summary>What a sandbox is made for.</summary>
internal sealed record SandboxRequest
{
    internal required string Id { get; init; }

    /// <summary>The containerd namespace.</summary>
    internal required string Namespace { get; init; }

    /// <summary>The bundle of the sandbox's first container.</summary>
    internal required string Bundle { get; init; }

    /// <summary>The OCI configuration of the sandbox's first container.</summary>
    internal required Spec Spec { get; init; }

    /// <summary>The configuration file that the runtime options name, or null.</summary>
    internal string? ConfigPath { get; init; }
}
