namespace Kata.Protocols.Oci;

/// <summary>Size of a terminal in characters.</summary>
public sealed record ConsoleSize : OciObject
{
    /// <summary>Rows.</summary>
    public uint Height { get; init; }

    /// <summary>Columns.</summary>
    public uint Width { get; init; }
}
