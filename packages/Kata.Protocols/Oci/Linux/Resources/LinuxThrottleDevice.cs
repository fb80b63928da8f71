namespace Kata.Protocols.Oci;

/// <summary>Block IO rate of one device.</summary>
public sealed record LinuxThrottleDevice : OciObject
{
    /// <summary>Major number.</summary>
    public long Major { get; init; }

    /// <summary>Minor number.</summary>
    public long Minor { get; init; }

    /// <summary>Bytes or operations per second.</summary>
    public ulong Rate { get; init; }
}
