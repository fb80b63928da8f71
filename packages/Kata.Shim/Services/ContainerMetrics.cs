using Google.Protobuf.WellKnownTypes;
using Kata.Protocols;
using Kata.Protocols.Agent;

namespace Kata.Shim.Services;

/// <summary>
/// The agent's counters in the shape containerd's metrics collector casts to: that of the host's cgroup version, whatever the guest's.
/// </summary>
internal static partial class ContainerMetrics
{
    private static readonly bool HostIsUnified = File.Exists("/sys/fs/cgroup/cgroup.controllers");

    internal static Any Convert(StatsContainerResponse stats) => Convert(stats, HostIsUnified);

    internal static Any Convert(StatsContainerResponse stats, bool unified) =>
        unified ? AnyPayload.Pack(ToVersion2(stats)) : AnyPayload.Pack(ToVersion1(stats));

    /// <summary>A counter by the first of its names that is there: agents use version 1's or version 2's.</summary>
    private static ulong Counter(MemoryStats? memory, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (memory is not null && memory.Stats.TryGetValue(name, out var value))
                return value;
        }

        return 0;
    }

    // The agent's protocol has no word for "no limit": zero is one that cannot be meant.
    private static ulong LimitOf(ulong limit) => limit == 0 ? ulong.MaxValue : limit;
}
