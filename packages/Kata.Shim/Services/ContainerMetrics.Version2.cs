using Kata.Protocols.Agent;
using V2 = Kata.Protocols.Containerd.Metrics.V2;

namespace Kata.Shim.Services;

/// <content>cgroup version 2.</content>
internal static partial class ContainerMetrics
{
    private const ulong NanosecondsPerMicrosecond = 1000;

    private static V2.Metrics ToVersion2(StatsContainerResponse stats)
    {
        var cgroup = stats.CgroupStats ?? new CgroupStats();
        var metrics = new V2.Metrics
        {
            Cpu = ToVersion2(cgroup.CpuStats),
            Memory = ToVersion2(cgroup.MemoryStats),
            Pids = new V2.PidsStat { Current = cgroup.PidsStats?.Current ?? 0, Limit = LimitOf(cgroup.PidsStats?.Limit ?? 0) },
            Io = ToVersion2(cgroup.BlkioStats),
            MemoryEvents = new V2.MemoryEvents { Max = cgroup.MemoryStats?.Usage?.Failcnt ?? 0 },
        };
        foreach (var (size, pages) in cgroup.HugetlbStats)
            metrics.Hugetlb.Add(new V2.HugeTlbStat { Pagesize = size, Current = pages.Usage, Max = pages.MaxUsage });
        return metrics;
    }

    private static V2.CPUStat ToVersion2(CpuStats? cpu) => new()
    {
        UsageUsec = (cpu?.CpuUsage?.TotalUsage ?? 0) / NanosecondsPerMicrosecond,
        UserUsec = (cpu?.CpuUsage?.UsageInUsermode ?? 0) / NanosecondsPerMicrosecond,
        SystemUsec = (cpu?.CpuUsage?.UsageInKernelmode ?? 0) / NanosecondsPerMicrosecond,
        NrPeriods = cpu?.ThrottlingData?.Periods ?? 0,
        NrThrottled = cpu?.ThrottlingData?.ThrottledPeriods ?? 0,
        ThrottledUsec = (cpu?.ThrottlingData?.ThrottledTime ?? 0) / NanosecondsPerMicrosecond,
    };

    private static V2.MemoryStat ToVersion2(MemoryStats? memory) => new()
    {
        Anon = Counter(memory, "anon", "total_rss", "rss"),
        File = Counter(memory, "file", "total_cache", "cache"),
        KernelStack = Counter(memory, "kernel_stack"),
        Slab = Counter(memory, "slab"),
        Sock = Counter(memory, "sock"),
        Shmem = Counter(memory, "shmem"),
        FileMapped = Counter(memory, "file_mapped", "total_mapped_file"),
        FileDirty = Counter(memory, "file_dirty", "total_dirty"),
        FileWriteback = Counter(memory, "file_writeback", "total_writeback"),
        AnonThp = Counter(memory, "anon_thp", "total_rss_huge"),
        InactiveAnon = Counter(memory, "inactive_anon"),
        ActiveAnon = Counter(memory, "active_anon"),
        InactiveFile = Counter(memory, "inactive_file"),
        ActiveFile = Counter(memory, "active_file"),
        Unevictable = Counter(memory, "unevictable"),
        SlabReclaimable = Counter(memory, "slab_reclaimable"),
        SlabUnreclaimable = Counter(memory, "slab_unreclaimable"),
        Pgfault = Counter(memory, "pgfault", "total_pg_fault"),
        Pgmajfault = Counter(memory, "pgmajfault", "total_pg_maj_fault"),
        WorkingsetRefault = Counter(memory, "workingset_refault", "workingset_refault_file"),
        WorkingsetActivate = Counter(memory, "workingset_activate", "workingset_activate_file"),
        WorkingsetNodereclaim = Counter(memory, "workingset_nodereclaim"),
        Pgrefill = Counter(memory, "pgrefill"),
        Pgscan = Counter(memory, "pgscan"),
        Pgsteal = Counter(memory, "pgsteal"),
        Pgactivate = Counter(memory, "pgactivate"),
        Pgdeactivate = Counter(memory, "pgdeactivate"),
        Pglazyfree = Counter(memory, "pglazyfree"),
        Pglazyfreed = Counter(memory, "pglazyfreed"),
        ThpFaultAlloc = Counter(memory, "thp_fault_alloc"),
        ThpCollapseAlloc = Counter(memory, "thp_collapse_alloc"),
        Usage = memory?.Usage?.Usage ?? 0,
        UsageLimit = LimitOf(memory?.Usage?.Limit ?? 0),
        SwapUsage = memory?.SwapUsage?.Usage ?? 0,
        SwapLimit = LimitOf(memory?.SwapUsage?.Limit ?? 0),
        MaxUsage = memory?.Usage?.MaxUsage ?? 0,
        SwapMaxUsage = memory?.SwapUsage?.MaxUsage ?? 0,
    };

    // The agent has one list of counters per device, by names of either version.
    private static V2.IOStat ToVersion2(BlkioStats? blocks)
    {
        var stat = new V2.IOStat();
        foreach (var entry in blocks?.IoServiceBytesRecursive ?? [])
        {
            var device = DeviceIn(stat, entry);
            switch (entry.Op.ToLowerInvariant())
            {
                case "read":
                    device.Rbytes = entry.Value;
                    break;
                case "write":
                    device.Wbytes = entry.Value;
                    break;
                case "rios":
                    device.Rios = entry.Value;
                    break;
                case "wios":
                    device.Wios = entry.Value;
                    break;
            }
        }

        return stat;
    }

    private static V2.IOEntry DeviceIn(V2.IOStat stat, BlkioStatsEntry entry)
    {
        foreach (var known in stat.Usage)
        {
            if (known.Major == entry.Major && known.Minor == entry.Minor)
                return known;
        }

        var device = new V2.IOEntry { Major = entry.Major, Minor = entry.Minor };
        stat.Usage.Add(device);
        return device;
    }
}
