using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kata.Hypervisors.External.Qemu.Qmp;

/// <summary>One line from QEMU: a greeting, an event or an answer.</summary>
internal sealed record QmpMessage
{
    [JsonPropertyName("QMP")]
    public QmpGreeting? Greeting { get; init; }

    public string? Event { get; init; }

    /// <summary>Belongs to <see cref="Event"/>.</summary>
    public JsonElement Data { get; init; }

    public JsonElement? Return { get; init; }

    public QmpError? Error { get; init; }

    /// <summary>The id of the command that this answers; QEMU leaves it out when it could not parse the command.</summary>
    public ulong? Id { get; init; }
}

internal sealed record QmpGreeting(QmpVersion Version);

internal sealed record QmpVersion(QmpVersionNumber Qemu);

internal sealed record QmpVersionNumber(int Major, int Minor, int Micro);

internal sealed record QmpError(string Class, string Desc);

/// <summary>An event of QEMU.</summary>
internal sealed record QmpEvent(string Name, JsonElement Data)
{
    /// <summary>A string of the data, or null.</summary>
    public string? Text(string name) =>
        Data.ValueKind == JsonValueKind.Object && Data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
