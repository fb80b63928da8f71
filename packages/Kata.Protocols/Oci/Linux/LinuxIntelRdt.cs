using System.Text.Json.Serialization;

namespace Kata.Protocols.Oci;

/// <summary>Intel Resource Director Technology settings.</summary>
public sealed record LinuxIntelRdt : OciObject
{
    /// <summary>Class of service.</summary>
    [JsonPropertyName("closID")]
    public string? ClosId { get; init; }

    /// <summary>Lines for the schemata file.</summary>
    public IReadOnlyList<string>? Schemata { get; init; }

    /// <summary>Level 3 cache schema.</summary>
    public string? L3CacheSchema { get; init; }

    /// <summary>Memory bandwidth schema.</summary>
    public string? MemBwSchema { get; init; }
}
