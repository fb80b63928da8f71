using System.Text.Json.Serialization;

namespace Kata.Protocols.Oci;

/// <summary>A range of mapped ids.</summary>
public sealed record LinuxIdMapping : OciObject
{
    /// <summary>First id inside.</summary>
    [JsonPropertyName("containerID")]
    public uint ContainerId { get; init; }

    /// <summary>First id outside.</summary>
    [JsonPropertyName("hostID")]
    public uint HostId { get; init; }

    /// <summary>Number of ids.</summary>
    public uint Size { get; init; }
}
