namespace Kata.Protocols.Oci;

/// <summary>Mount extensions.</summary>
public sealed record MountExtensionFeatures : OciObject
{
    /// <summary>Idmapped mounts.</summary>
    public EnabledFeature? Idmap { get; init; }
}
