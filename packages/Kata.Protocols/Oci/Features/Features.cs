namespace Kata.Protocols.Oci;

/// <summary>What a runtime can do, printed for <c>-info</c>.</summary>
public sealed record Features : OciObject
{
    /// <summary>Oldest runtime-spec version understood.</summary>
    public string? OciVersionMin { get; init; }

    /// <summary>Newest runtime-spec version understood.</summary>
    public string? OciVersionMax { get; init; }

    /// <summary>Hooks that are run.</summary>
    public IReadOnlyList<string>? Hooks { get; init; }

    /// <summary>Mount options that are understood.</summary>
    public IReadOnlyList<string>? MountOptions { get; init; }

    /// <summary>What it can do on Linux.</summary>
    public LinuxFeatures? Linux { get; init; }

    /// <summary>Facts about the implementation.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>Annotations that change how it behaves; a trailing dot marks a prefix.</summary>
    public IReadOnlyList<string>? PotentiallyUnsafeConfigAnnotations { get; init; }
}
