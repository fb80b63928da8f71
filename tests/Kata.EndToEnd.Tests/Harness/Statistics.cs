using Google.Protobuf.WellKnownTypes;
using Kata.Protocols;
using V1 = Kata.Protocols.Containerd.Metrics.V1;
using V2 = Kata.Protocols.Containerd.Metrics.V2;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>A container's statistics, whichever cgroup version their message follows.</summary>
internal sealed record Statistics(bool IsV2, TimeSpan Cpu, ulong MemoryUsage, ulong MemoryLimit, ulong Pids, ulong PidsLimit)
{
    public static Statistics From(Any any)
    {
        if (AnyPayload.TryUnpack<V1.Metrics>(any, out var v1))
        {
            return new(
                false,
                TimeSpan.FromMicroseconds(v1.Cpu.Usage.Total / 1000),
                v1.Memory.Usage.Usage,
                v1.Memory.Usage.Limit,
                v1.Pids.Current,
                v1.Pids.Limit);
        }

        Assert.IsTrue(AnyPayload.TryUnpack<V2.Metrics>(any, out var v2), any.TypeUrl);
        return new(
            true,
            TimeSpan.FromMicroseconds(v2.Cpu.UsageUsec),
            v2.Memory.Usage,
            v2.Memory.UsageLimit,
            v2.Pids.Current,
            v2.Pids.Limit);
    }
}
