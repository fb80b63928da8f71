using System.Text.Json.Serialization;

namespace Kata.Protocols.Oci;

/// <summary>Offset of one clock.</summary>
public sealed record LinuxTimeOffset : OciObject
{
    /// <summary>Seconds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Secs { get; init; }

    /// <summary>Nanoseconds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public uint Nanosecs { get; init; }
}
