using System.Text.Json.Serialization;

namespace Kata.Protocols.Oci;

/// <summary>The state of a container, as hooks read it from stdin.</summary>
public sealed record State : OciObject
{
    /// <summary>Version of the runtime-spec.</summary>
    public string? OciVersion { get; init; }

    /// <summary>Container id.</summary>
    public string? Id { get; init; }

    /// <summary><c>creating</c>, <c>created</c>, <c>running</c> or <c>stopped</c>.</summary>
    public string? Status { get; init; }

    /// <summary>Process id of the init process on the host.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Pid { get; init; }

    /// <summary>Absolute path of the bundle.</summary>
    public string? Bundle { get; init; }

    /// <summary>Annotations of the container.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}
