namespace Kata.Protocols.Oci;

/// <summary>Identity of a process.</summary>
public sealed record User : OciObject
{
    /// <summary>User id inside the container.</summary>
    public uint Uid { get; init; }

    /// <summary>Group id inside the container.</summary>
    public uint Gid { get; init; }

    /// <summary>File mode creation mask.</summary>
    public uint? Umask { get; init; }

    /// <summary>Supplementary groups.</summary>
    public IReadOnlyList<uint>? AdditionalGids { get; init; }

    /// <summary>User name; only used on Windows, kept for round trips.</summary>
    public string? Username { get; init; }
}
