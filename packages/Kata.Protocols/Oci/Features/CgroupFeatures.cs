namespace Kata.Protocols.Oci;

/// <summary>Cgroup drivers.</summary>
public sealed record CgroupFeatures : OciObject
{
    /// <summary>Cgroup v1.</summary>
    public bool? V1 { get; init; }

    /// <summary>Cgroup v2.</summary>
    public bool? V2 { get; init; }

    /// <summary>systemd as the manager.</summary>
    public bool? Systemd { get; init; }

    /// <summary>The user's systemd as the manager.</summary>
    public bool? SystemdUser { get; init; }

    /// <summary>RDMA controller.</summary>
    public bool? Rdma { get; init; }
}
