using Kata.Protocols.Oci;

namespace Kata.Shim.Configuration;

/// <summary>What decides about a sandbox's configuration.</summary>
internal sealed record ConfigurationRequest
{
    /// <summary>The file the runtime options of containerd name, or null.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>The environment variable <c>KATA_CONF_FILE</c>, or null. It wins over everything else.</summary>
    public string? KataConfFile { get; init; }

    /// <summary>The sandbox's OCI configuration: its resources size the VM. Null when there is none yet.</summary>
    public Spec? Spec { get; init; }

    /// <summary>The sandbox's annotations.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>The machine, for defaults and limits.</summary>
    public HostLimits Host { get; init; } = HostLimits.Current;
}
