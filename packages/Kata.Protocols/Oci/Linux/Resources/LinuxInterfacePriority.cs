namespace Kata.Protocols.Oci;

/// <summary>Priority of one interface.</summary>
public sealed record LinuxInterfacePriority : OciObject
{
    /// <summary>Interface.</summary>
    public string? Name { get; init; }

    /// <summary>Priority.</summary>
    public uint Priority { get; init; }
}
