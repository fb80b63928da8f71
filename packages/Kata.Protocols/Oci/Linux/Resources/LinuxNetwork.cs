using System.Text.Json.Serialization;

namespace Kata.Protocols.Oci;

/// <summary>Traffic classes (cgroup v1).</summary>
public sealed record LinuxNetwork : OciObject
{
    /// <summary>Class of the packets.</summary>
    [JsonPropertyName("classID")]
    public uint? ClassId { get; init; }

    /// <summary>Priorities by interface.</summary>
    public IReadOnlyList<LinuxInterfacePriority>? Priorities { get; init; }
}
