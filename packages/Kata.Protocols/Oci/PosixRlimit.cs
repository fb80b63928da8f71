namespace Kata.Protocols.Oci;

/// <summary>One resource limit.</summary>
public sealed record PosixRlimit : OciObject
{
    /// <summary>Name, such as <c>RLIMIT_NOFILE</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Ceiling of the soft limit.</summary>
    public ulong Hard { get; init; }

    /// <summary>Limit the kernel enforces.</summary>
    public ulong Soft { get; init; }
}
