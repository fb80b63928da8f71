using System.Text.Json.Serialization;

namespace Kata.Protocols.Oci;

/// <summary>Memory limits in bytes; -1 lifts a limit.</summary>
public sealed record LinuxMemory : OciObject
{
    /// <summary>Hard limit.</summary>
    public long? Limit { get; init; }

    /// <summary>Soft limit.</summary>
    public long? Reservation { get; init; }

    /// <summary>Memory plus swap.</summary>
    public long? Swap { get; init; }

    /// <summary>Kernel memory, ignored by current kernels.</summary>
    public long? Kernel { get; init; }

    /// <summary>Kernel TCP buffers.</summary>
    [JsonPropertyName("kernelTCP")]
    public long? KernelTcp { get; init; }

    /// <summary>0 to 100.</summary>
    public ulong? Swappiness { get; init; }

    /// <summary>Pause at the limit instead of killing.</summary>
    [JsonPropertyName("disableOOMKiller")]
    public bool? DisableOomKiller { get; init; }

    /// <summary>Account children too (cgroup v1).</summary>
    public bool? UseHierarchy { get; init; }

    /// <summary>Refuse a limit below the current usage.</summary>
    public bool? CheckBeforeUpdate { get; init; }
}
