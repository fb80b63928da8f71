namespace Kata.Protocols.Oci;

/// <summary>Seccomp support.</summary>
public sealed record SeccompFeatures : OciObject
{
    /// <summary>Whether it is built in.</summary>
    public bool? Enabled { get; init; }

    /// <summary>Known actions.</summary>
    public IReadOnlyList<string>? Actions { get; init; }

    /// <summary>Known comparisons.</summary>
    public IReadOnlyList<string>? Operators { get; init; }

    /// <summary>Known architectures.</summary>
    public IReadOnlyList<string>? Archs { get; init; }

    /// <summary>Flags it understands.</summary>
    public IReadOnlyList<string>? KnownFlags { get; init; }

    /// <summary>Flags the kernel accepts.</summary>
    public IReadOnlyList<string>? SupportedFlags { get; init; }
}
