using Kata.Abstractions;
using Kata.Protocols.Oci;
using Kata.Shim.Configuration;
using Kata.Shim.Resources.SharedFs;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Resources;

/// <summary>What the resources of a sandbox are made for.</summary>
internal sealed record SandboxContext
{
    /// <summary>The sandbox id, safe as a file name.</summary>
    public required string SandboxId { get; init; }

    /// <summary>The sandbox's configuration.</summary>
    public required KataConfiguration Configuration { get; init; }

    /// <summary>What the VM will be able to do.</summary>
    public required HypervisorCapabilities Capabilities { get; init; }

    /// <summary>The VM's private directory, short enough for socket names.</summary>
    public required string RunDirectory { get; init; }

    /// <summary>The OCI configuration of the sandbox's first container.</summary>
    public required Spec Spec { get; init; }

    /// <summary>
    /// Writes <see cref="SandboxResources.State"/> to disk. Called before each resource is taken; when it throws, the resource is not taken.
    /// </summary>
    public Action SaveState { get; init; } = static () => { };

    /// <summary>Where the directories shared with guests are.</summary>
    public string SharedRoot { get; init; } = SharedDirectory.DefaultRoot;

    /// <summary>Where to log.</summary>
    public required ILogger Logger { get; init; }
}
