using System.Text.Json.Serialization;

namespace Kata.Protocols.Oci;

/// <summary>The container's root file system.</summary>
public sealed record Root : OciObject
{
    /// <summary>Absolute, or relative to the bundle.</summary>
    public string? Path { get; init; }

    /// <summary>Whether it is mounted read-only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Readonly { get; init; }
}
