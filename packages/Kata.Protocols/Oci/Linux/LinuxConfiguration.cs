namespace Kata.Protocols.Oci;

/// <summary>The <c>linux</c> section of a configuration.</summary>
public sealed record LinuxConfiguration : OciObject
{
    /// <summary>User ids of the user namespace.</summary>
    public IReadOnlyList<LinuxIdMapping>? UidMappings { get; init; }

    /// <summary>Group ids of the user namespace.</summary>
    public IReadOnlyList<LinuxIdMapping>? GidMappings { get; init; }

    /// <summary>Kernel parameters set in the container.</summary>
    public IReadOnlyDictionary<string, string>? Sysctl { get; init; }

    /// <summary>Cgroup limits.</summary>
    public LinuxResources? Resources { get; init; }

    /// <summary>Cgroup path, or <c>slice:prefix:name</c> for systemd.</summary>
    public string? CgroupsPath { get; init; }

    /// <summary>Namespaces that are created or joined.</summary>
    public IReadOnlyList<LinuxNamespace>? Namespaces { get; init; }

    /// <summary>Device nodes that are created.</summary>
    public IReadOnlyList<LinuxDevice>? Devices { get; init; }

    /// <summary>System call filter.</summary>
    public LinuxSeccomp? Seccomp { get; init; }

    /// <summary>Mount propagation of the root.</summary>
    public string? RootfsPropagation { get; init; }

    /// <summary>Paths made unreadable.</summary>
    public IReadOnlyList<string>? MaskedPaths { get; init; }

    /// <summary>Paths made read-only.</summary>
    public IReadOnlyList<string>? ReadonlyPaths { get; init; }

    /// <summary>SELinux label of the mounts.</summary>
    public string? MountLabel { get; init; }

    /// <summary>Cache and memory bandwidth allocation.</summary>
    public LinuxIntelRdt? IntelRdt { get; init; }

    /// <summary>Execution domain.</summary>
    public LinuxPersonality? Personality { get; init; }

    /// <summary>Clock offsets of the time namespace, by clock name.</summary>
    public IReadOnlyDictionary<string, LinuxTimeOffset>? TimeOffsets { get; init; }
}
