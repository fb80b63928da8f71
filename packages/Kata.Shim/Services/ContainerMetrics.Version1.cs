using Google.Protobuf.Collections;
using Kata.Protocols.Agent;
using V1 = Kata.Protocols.Containerd.Metrics.V1;

namespace Kata.Shim.Services;

/// <content>cgroup version 1.</content>
internal static partial class ContainerMetrics
{
    private static V1.Metrics ToVersion1(StatsContainerResponse stats)
    {
        var cgroup = stats.CgroupStats ?? new CgroupStats();
        var metrics = new V1.Metrics
        {
            Cpu = ToVersion1(cgroup.CpuStats),
            Memory = ToVersion1(cgroup.MemoryStats),
            Pids = new V1.PidsStat { Current = cgroup.PidsStats?.Current ?? 0, Limit = cgroup.PidsStats?.Limit ?? 0 },
            Blkio = ToVersion1(cgroup.BlkioStats),
        };
        foreach (var (size, pages) in cgroup.HugetlbStats)
            metrics.Hugetlb.Add(new V1.HugetlbStat { Pagesize = size, Usage = pages.Usage, Max = pages.MaxUsage, Failcnt = pages.Failcnt });
        foreach (var card in stats.NetworkStats)
        {
            metrics.Network.Add(new V1.NetworkStat
            {
                Name = card.Name,
                RxBytes = card.RxBytes,
                RxPackets = card.RxPackets,
                RxErrors = card.RxErrors,
                RxDropped = card.RxDropped,
                TxBytes = card.TxBytes,
                TxPackets = card.TxPackets,
                TxErrors = card.TxErrors,
                TxDropped = card.TxDropped,
            });
        }

        return metrics;
    }

    private static V1.CPUStat ToVersion1(CpuStats? cpu)
    {
        var usage = new V1.CPUUsage
        {
            Total = cpu?.CpuUsage?.TotalUsage ?? 0,
            Kernel = cpu?.CpuUsage?.UsageInKernelmode ?? 0,
            User = cpu?.CpuUsage?.UsageInUsermode ?? 0,
        };
        if (cpu?.CpuUsage is { } source)
            usage.PerCpu.AddRange(source.PercpuUsage);
        return new V1.CPUStat
        {
            Usage = usage,
            Throttling = new V1.Throttle
            {
                Periods = cpu?.ThrottlingData?.Periods ?? 0,
                ThrottledPeriods = cpu?.ThrottlingData?.ThrottledPeriods ?? 0,
                ThrottledTime = cpu?.ThrottlingData?.ThrottledTime ?? 0,
            },
        };
    }

    private static V1.MemoryStat ToVersion1(MemoryStats? memory)
    {
        var stat = new V1.MemoryStat
        {
            Cache = memory is { Cache: > 0 } ? memory.Cache : Counter(memory, "cache", "file"),
            Rss = Counter(memory, "rss", "anon"),
            RssHuge = Counter(memory, "rss_huge", "anon_thp"),
            MappedFile = Counter(memory, "mapped_file", "file_mapped"),
            Dirty = Counter(memory, "dirty", "file_dirty"),
            Writeback = Counter(memory, "writeback", "file_writeback"),
            PgPgIn = Counter(memory, "pg_pg_in", "pgpgin"),
            PgPgOut = Counter(memory, "pg_pg_out", "pgpgout"),
            PgFault = Counter(memory, "pg_fault", "pgfault"),
            PgMajFault = Counter(memory, "pg_maj_fault", "pgmajfault"),
            InactiveAnon = Counter(memory, "inactive_anon"),
            ActiveAnon = Counter(memory, "active_anon"),
            InactiveFile = Counter(memory, "inactive_file"),
            ActiveFile = Counter(memory, "active_file"),
            Unevictable = Counter(memory, "unevictable"),
            HierarchicalMemoryLimit = Counter(memory, "hierarchical_memory_limit"),
            HierarchicalSwapLimit = Counter(memory, "hierarchical_swap_limit", "hierarchical_memsw_limit"),
            Usage = ToVersion1(memory?.Usage),
            Swap = ToVersion1(memory?.SwapUsage),
            Kernel = ToVersion1(memory?.KernelUsage),
        };
        // The guest knows no cgroup below the container's: its own numbers are the totals.
        stat.TotalCache = stat.Cache;
        stat.TotalRss = stat.Rss;
        stat.TotalRssHuge = stat.RssHuge;
        stat.TotalMappedFile = stat.MappedFile;
        stat.TotalDirty = stat.Dirty;
        stat.TotalWriteback = stat.Writeback;
        stat.TotalPgPgIn = stat.PgPgIn;
        stat.TotalPgPgOut = stat.PgPgOut;
        stat.TotalPgFault = stat.PgFault;
        stat.TotalPgMajFault = stat.PgMajFault;
        stat.TotalInactiveAnon = stat.InactiveAnon;
        stat.TotalActiveAnon = stat.ActiveAnon;
        stat.TotalInactiveFile = stat.InactiveFile;
        stat.TotalActiveFile = stat.ActiveFile;
        stat.TotalUnevictable = stat.Unevictable;
        return stat;
    }

    private static V1.MemoryEntry ToVersion1(MemoryData? data) => new()
    {
        Usage = data?.Usage ?? 0,
        Max = data?.MaxUsage ?? 0,
        Failcnt = data?.Failcnt ?? 0,
        Limit = LimitOf(data?.Limit ?? 0),
    };

    private static V1.BlkIOStat ToVersion1(BlkioStats? blocks)
    {
        var stat = new V1.BlkIOStat();
        if (blocks is null)
            return stat;
        Add(stat.IoServiceBytesRecursive, blocks.IoServiceBytesRecursive);
        Add(stat.IoServicedRecursive, blocks.IoServicedRecursive);
        Add(stat.IoQueuedRecursive, blocks.IoQueuedRecursive);
        Add(stat.IoServiceTimeRecursive, blocks.IoServiceTimeRecursive);
        Add(stat.IoWaitTimeRecursive, blocks.IoWaitTimeRecursive);
        Add(stat.IoMergedRecursive, blocks.IoMergedRecursive);
        Add(stat.IoTimeRecursive, blocks.IoTimeRecursive);
        Add(stat.SectorsRecursive, blocks.SectorsRecursive);
        return stat;
    }

    private static void Add(RepeatedField<V1.BlkIOEntry> to, RepeatedField<BlkioStatsEntry> from)
    {
        foreach (var entry in from)
            to.Add(new V1.BlkIOEntry { Op = entry.Op, Major = entry.Major, Minor = entry.Minor, Value = entry.Value });
    }
}
