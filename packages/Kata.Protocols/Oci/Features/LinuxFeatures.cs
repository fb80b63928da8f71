namespace Kata.Protocols.Oci;

/// <summary>What a runtime can do on Linux.</summary>
public sealed record LinuxFeatures : OciObject
{
    /// <summary>Namespace types.</summary>
    public IReadOnlyList<string>? Namespaces { get; init; }

    /// <summary>Capability names.</summary>
    public IReadOnlyList<string>? Capabilities { get; init; }

    /// <summary>Cgroup drivers.</summary>
    public CgroupFeatures? Cgroup { get; init; }

    /// <summary>Seccomp support.</summary>
    public SeccompFeatures? Seccomp { get; init; }

    /// <summary>AppArmor support.</summary>
    public EnabledFeature? Apparmor { get; init; }

    /// <summary>SELinux support.</summary>
    public EnabledFeature? Selinux { get; init; }

    /// <summary>Intel RDT support.</summary>
    public EnabledFeature? IntelRdt { get; init; }

    /// <summary>Mount extensions.</summary>
    public MountExtensionFeatures? MountExtensions { get; init; }
}
