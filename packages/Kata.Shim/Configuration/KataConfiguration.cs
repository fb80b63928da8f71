using Kata.Abstractions.Configuration;

namespace Kata.Shim.Configuration;

/// <summary>The configuration of one sandbox, complete: files, drop-ins, defaults, annotations and sizing are applied.</summary>
internal sealed record KataConfiguration
{
    /// <summary><c>runtime.hypervisor_name</c>.</summary>
    public required string HypervisorName { get; init; }

    /// <summary>The section of that hypervisor.</summary>
    public required HypervisorConfiguration Hypervisor { get; init; }

    /// <summary>The section of <c>runtime.agent_name</c>.</summary>
    public required AgentConfiguration Agent { get; init; }

    /// <summary>The <c>[runtime]</c> section.</summary>
    public required RuntimeConfiguration Runtime { get; init; }

    /// <summary>What is shared with the guest and how.</summary>
    public required SharedFsConfiguration SharedFs { get; init; }

    /// <summary>The configuration file.</summary>
    public required string SourcePath { get; init; }

    /// <summary>What an operator should know but what is no error: unknown keys, ignored annotations, adjusted values.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
