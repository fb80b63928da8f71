using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kata.Protocols.Oci;

/// <summary>Base of the runtime-spec records: keeps the members this version does not know, so that writing returns what was read.</summary>
public abstract record OciObject
{
    /// <summary>Members that no property stands for, by name.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}
