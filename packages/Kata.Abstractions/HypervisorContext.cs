using Kata.Abstractions.Configuration;
using Microsoft.Extensions.Logging;

namespace Kata.Abstractions;

/// <summary>What a hypervisor gets to know about the sandbox it serves.</summary>
public sealed record HypervisorContext
{
    /// <summary>The sandbox id, already checked to be safe as a file name.</summary>
    public required string SandboxId { get; init; }

    /// <summary>The validated <c>[hypervisor.NAME]</c> section with annotations and sizing applied.</summary>
    public required HypervisorConfiguration Configuration { get; init; }

    /// <summary>
    /// A private, existing directory (mode 0700) for sockets and files of this VM, short enough that a 40 character file name in it
    /// still fits into a unix socket address (108 bytes).
    /// </summary>
    public required string RunDirectory { get; init; }

    /// <summary>The network namespace the VMM must run in, or null for the runtime's own.</summary>
    public string? NetworkNamespacePath { get; init; }

    /// <summary>The cgroup directories the VMM process joins as soon as it exists, before the guest runs; empty for the runtime's own.</summary>
    public IReadOnlyList<string> CgroupPaths { get; init; } = [];

    /// <summary>The OCI annotations of the sandbox.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>Where to log; scopes already carry the sandbox id.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
