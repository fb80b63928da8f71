namespace Kata.Protocols.Oci;

/// <summary>Limit of tasks.</summary>
public sealed record LinuxPids : OciObject
{
    /// <summary>Number of tasks; -1 is unlimited.</summary>
    public long? Limit { get; init; }
}
