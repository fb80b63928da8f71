namespace Kata.Protocols.Oci;

/// <summary>Whether something is available.</summary>
public sealed record EnabledFeature : OciObject
{
    /// <summary>Null when unknown.</summary>
    public bool? Enabled { get; init; }
}
