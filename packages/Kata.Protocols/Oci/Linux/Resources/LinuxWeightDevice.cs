namespace Kata.Protocols.Oci;

/// <summary>Block IO weight of one device.</summary>
public sealed record LinuxWeightDevice : OciObject
{
    /// <summary>Major number.</summary>
    public long Major { get; init; }

    /// <summary>Minor number.</summary>
    public long Minor { get; init; }

    /// <summary>Weight, 10 to 1000.</summary>
    public ushort? Weight { get; init; }

    /// <summary>Weight against child cgroups.</summary>
    public ushort? LeafWeight { get; init; }
}
