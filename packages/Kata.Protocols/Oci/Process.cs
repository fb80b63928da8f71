using System.Text.Json.Serialization;

namespace Kata.Protocols.Oci;

/// <summary>A process in a container: its init or one added by exec.</summary>
public sealed record Process : OciObject
{
    /// <summary>Whether a pseudo terminal is attached.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Terminal { get; init; }

    /// <summary>Initial size of the terminal.</summary>
    public ConsoleSize? ConsoleSize { get; init; }

    /// <summary>Identity the process runs as.</summary>
    public User? User { get; init; }

    /// <summary>Program and arguments.</summary>
    public IReadOnlyList<string>? Args { get; init; }

    /// <summary>Environment as <c>NAME=value</c>.</summary>
    public IReadOnlyList<string>? Env { get; init; }

    /// <summary>Absolute working directory.</summary>
    public string? Cwd { get; init; }

    /// <summary>Capability sets; absent keeps the runtime's own.</summary>
    public LinuxCapabilities? Capabilities { get; init; }

    /// <summary>Resource limits.</summary>
    public IReadOnlyList<PosixRlimit>? Rlimits { get; init; }

    /// <summary>Whether execve may gain privileges.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool NoNewPrivileges { get; init; }

    /// <summary>AppArmor profile.</summary>
    public string? ApparmorProfile { get; init; }

    /// <summary>Value for <c>oom_score_adj</c>, -1000 to 1000.</summary>
    public int? OomScoreAdj { get; init; }

    /// <summary>SELinux label.</summary>
    public string? SelinuxLabel { get; init; }
}
