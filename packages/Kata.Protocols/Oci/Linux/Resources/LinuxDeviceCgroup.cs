namespace Kata.Protocols.Oci;

/// <summary>A device access rule.</summary>
public sealed record LinuxDeviceCgroup : OciObject
{
    /// <summary>Allow or deny.</summary>
    public bool Allow { get; init; }

    /// <summary><c>a</c>, <c>b</c> or <c>c</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Major number; absent matches all.</summary>
    public long? Major { get; init; }

    /// <summary>Minor number; absent matches all.</summary>
    public long? Minor { get; init; }

    /// <summary>Some of <c>rwm</c>.</summary>
    public string? Access { get; init; }
}
