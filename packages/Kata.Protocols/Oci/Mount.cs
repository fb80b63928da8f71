namespace Kata.Protocols.Oci;

/// <summary>One mount inside the container.</summary>
public sealed record Mount : OciObject
{
    /// <summary>Absolute path inside the container.</summary>
    public string? Destination { get; init; }

    /// <summary>File system type; <c>bind</c> or absent for bind mounts.</summary>
    public string? Type { get; init; }

    /// <summary>Device, directory or file.</summary>
    public string? Source { get; init; }

    /// <summary>fstab-style options.</summary>
    public IReadOnlyList<string>? Options { get; init; }

    /// <summary>User id mapping of an idmapped mount.</summary>
    public IReadOnlyList<LinuxIdMapping>? UidMappings { get; init; }

    /// <summary>Group id mapping of an idmapped mount.</summary>
    public IReadOnlyList<LinuxIdMapping>? GidMappings { get; init; }
}
