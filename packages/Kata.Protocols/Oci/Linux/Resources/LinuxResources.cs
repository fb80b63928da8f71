using System.Text.Json.Serialization;

namespace Kata.Protocols.Oci;

/// <summary>Cgroup limits of a container; also what an update carries.</summary>
public sealed record LinuxResources : OciObject
{
    /// <summary>Device rules in order.</summary>
    public IReadOnlyList<LinuxDeviceCgroup>? Devices { get; init; }

    /// <summary>Memory limits.</summary>
    public LinuxMemory? Memory { get; init; }

    /// <summary>CPU limits.</summary>
    public LinuxCpu? Cpu { get; init; }

    /// <summary>Limit of tasks.</summary>
    public LinuxPids? Pids { get; init; }

    /// <summary>Block IO limits.</summary>
    [JsonPropertyName("blockIO")]
    public LinuxBlockIo? BlockIo { get; init; }

    /// <summary>Huge page limits by size.</summary>
    public IReadOnlyList<LinuxHugepageLimit>? HugepageLimits { get; init; }

    /// <summary>Traffic classes.</summary>
    public LinuxNetwork? Network { get; init; }

    /// <summary>RDMA limits by device.</summary>
    public IReadOnlyDictionary<string, LinuxRdma>? Rdma { get; init; }

    /// <summary>Cgroup v2 files and their values.</summary>
    public IReadOnlyDictionary<string, string>? Unified { get; init; }
}
