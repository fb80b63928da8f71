namespace Kata.Protocols.Oci;

/// <summary>The OCI runtime configuration, <c>config.json</c> in a bundle.</summary>
public sealed record Spec : OciObject
{
    /// <summary>Version of the runtime-spec the configuration follows, such as <c>1.0.2</c>.</summary>
    public string? OciVersion { get; init; }

    /// <summary>The init process; absent when the container is only created, never started.</summary>
    public Process? Process { get; init; }

    /// <summary>The root file system.</summary>
    public Root? Root { get; init; }

    /// <summary>Host name in the container's UTS namespace.</summary>
    public string? Hostname { get; init; }

    /// <summary>NIS domain name in the container's UTS namespace.</summary>
    public string? Domainname { get; init; }

    /// <summary>Mounts in the order they are made.</summary>
    public IReadOnlyList<Mount>? Mounts { get; init; }

    /// <summary>Commands run at points of the life cycle.</summary>
    public Hooks? Hooks { get; init; }

    /// <summary>Free-form metadata.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>Settings only Linux has.</summary>
    public LinuxConfiguration? Linux { get; init; }
}
