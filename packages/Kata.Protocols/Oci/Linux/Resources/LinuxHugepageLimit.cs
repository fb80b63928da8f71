namespace Kata.Protocols.Oci;

/// <summary>Limit of one huge page size.</summary>
public sealed record LinuxHugepageLimit : OciObject
{
    /// <summary>Size such as <c>2MB</c>.</summary>
    public string? PageSize { get; init; }

    /// <summary>Bytes.</summary>
    public ulong Limit { get; init; }
}
