namespace Kata.Protocols.Oci;

/// <summary>CPU limits.</summary>
public sealed record LinuxCpu : OciObject
{
    /// <summary>Relative weight.</summary>
    public ulong? Shares { get; init; }

    /// <summary>Microseconds of CPU time per period.</summary>
    public long? Quota { get; init; }

    /// <summary>Microseconds that may be saved up.</summary>
    public ulong? Burst { get; init; }

    /// <summary>Length of a period in microseconds.</summary>
    public ulong? Period { get; init; }

    /// <summary>Real-time microseconds per period.</summary>
    public long? RealtimeRuntime { get; init; }

    /// <summary>Length of a real-time period in microseconds.</summary>
    public ulong? RealtimePeriod { get; init; }

    /// <summary>CPU list such as <c>0-2,7</c>.</summary>
    public string? Cpus { get; init; }

    /// <summary>Memory node list.</summary>
    public string? Mems { get; init; }

    /// <summary>1 makes the cgroup idle.</summary>
    public long? Idle { get; init; }
}
