using System.Text.Json.Serialization;

namespace Kata.Protocols.Oci;

/// <summary>A condition on one argument.</summary>
public sealed record LinuxSeccompArg : OciObject
{
    /// <summary>Argument, 0 to 5.</summary>
    public uint Index { get; init; }

    /// <summary>Operand.</summary>
    public ulong Value { get; init; }

    /// <summary>Second operand of a masked comparison.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ulong ValueTwo { get; init; }

    /// <summary>Comparison such as <c>SCMP_CMP_EQ</c>.</summary>
    public string? Op { get; init; }
}
