using System.Globalization;
using Kata.Protocols.Agent;

namespace Kata.Guest.Agent.Cgroups;

/// <summary>Reads a version 2 cgroup in the shape of the agent's protocol, which is that of version 1.</summary>
internal static class CgroupStatistics
{
    private const ulong NanosecondsPerMicrosecond = 1000;

    /// <summary>How version 2's memory counters are called where version 1's names are expected.</summary>
    private static readonly (string From, string[] To)[] _memoryAliases =
    [
        ("anon", ["rss", "total_rss"]),
        ("anon_thp", ["rss_huge", "total_rss_huge"]),
        ("file", ["cache", "total_cache"]),
        ("file_mapped", ["mapped_file", "total_mapped_file"]),
        ("file_dirty", ["dirty", "total_dirty"]),
        ("file_writeback", ["writeback", "total_writeback"]),
        ("pgfault", ["pg_fault", "total_pg_fault"]),
        ("pgmajfault", ["pg_maj_fault", "total_pg_maj_fault"]),
        ("inactive_file", ["total_inactive_file"]),
        ("active_file", ["total_active_file"]),
        ("inactive_anon", ["total_inactive_anon"]),
        ("active_anon", ["total_active_anon"]),
        ("unevictable", ["total_unevictable"]),
    ];

    public static CgroupStats Read(ContainerCgroup cgroup)
    {
        var stats = new CgroupStats
        {
            CpuStats = ReadCpu(cgroup),
            MemoryStats = ReadMemory(cgroup),
            PidsStats = new PidsStats { Current = Number(cgroup, "pids.current"), Limit = Limit(cgroup, "pids.max", unlimited: 0) },
            BlkioStats = new BlkioStats(),
        };
        AddBlockIo(cgroup, stats.BlkioStats);
        AddHugePages(cgroup, stats);
        return stats;
    }

    private static CpuStats ReadCpu(ContainerCgroup cgroup)
    {
        var cpu = ContainerCgroup.ParseFlat(cgroup.Read("cpu.stat"));
        ulong Nanoseconds(string name) => cpu.GetValueOrDefault(name) * NanosecondsPerMicrosecond;
        return new CpuStats
        {
            CpuUsage = new CpuUsage
            {
                TotalUsage = Nanoseconds("usage_usec"),
                UsageInUsermode = Nanoseconds("user_usec"),
                UsageInKernelmode = Nanoseconds("system_usec"),
            },
            ThrottlingData = new ThrottlingData
            {
                Periods = cpu.GetValueOrDefault("nr_periods"),
                ThrottledPeriods = cpu.GetValueOrDefault("nr_throttled"),
                ThrottledTime = Nanoseconds("throttled_usec"),
            },
        };
    }

    private static MemoryStats ReadMemory(ContainerCgroup cgroup)
    {
        var counters = ContainerCgroup.ParseFlat(cgroup.Read("memory.stat"));
        var limit = Limit(cgroup, "memory.max");
        var stats = new MemoryStats
        {
            Cache = counters.GetValueOrDefault("file"),
            UseHierarchy = true,
            Usage = new MemoryData
            {
                Usage = Number(cgroup, "memory.current"),
                MaxUsage = Number(cgroup, "memory.peak"),
                Failcnt = ContainerCgroup.ParseFlat(cgroup.Read("memory.events")).GetValueOrDefault("max"),
                Limit = limit,
            },
            SwapUsage = new MemoryData
            {
                Usage = Number(cgroup, "memory.swap.current"),
                MaxUsage = Number(cgroup, "memory.swap.peak"),
                Failcnt = ContainerCgroup.ParseFlat(cgroup.Read("memory.swap.events")).GetValueOrDefault("max"),
                Limit = Limit(cgroup, "memory.swap.max"),
            },
            KernelUsage = new MemoryData { Usage = counters.GetValueOrDefault("kernel"), Limit = ulong.MaxValue },
        };
        stats.Stats.Add(counters);
        foreach (var (from, names) in _memoryAliases)
        {
            if (!counters.TryGetValue(from, out var value))
                continue;
            foreach (var name in names)
                stats.Stats.TryAdd(name, value);
        }

        stats.Stats.TryAdd("hierarchical_memory_limit", limit);
        return stats;
    }

    /// <summary><c>io.stat</c>: lines of <c>MAJOR:MINOR name=number…</c>.</summary>
    private static void AddBlockIo(ContainerCgroup cgroup, BlkioStats stats)
    {
        foreach (var line in (cgroup.Read("io.stat") ?? "").AsSpan().EnumerateLines())
        {
            ulong major = 0, minor = 0;
            foreach (var range in line.Split(' '))
            {
                var part = line[range];
                if (TryPair(part, ':', out var left, out var value) && TryNumber(left, out major))
                    minor = value;
                else if (TryPair(part, '=', out var name, out value))
                    stats.IoServiceBytesRecursive.Add(Entry(major, minor, name, value));
            }
        }
    }

    private static BlkioStatsEntry Entry(ulong major, ulong minor, ReadOnlySpan<char> name, ulong value) => new()
    {
        Major = major,
        Minor = minor,
        Op = name switch { "rbytes" => "read", "wbytes" => "write", _ => name.ToString() },
        Value = value,
    };

    private static void AddHugePages(ContainerCgroup cgroup, CgroupStats stats)
    {
        if (!Directory.Exists(cgroup.Directory))
            return;
        foreach (var file in Directory.EnumerateFiles(cgroup.Directory, "hugetlb.*.current"))
        {
            var name = Path.GetFileName(file);
            var size = name["hugetlb.".Length..^".current".Length];
            if (size.EndsWith(".rsvd", StringComparison.Ordinal))
                continue;
            stats.HugetlbStats[size] = new HugetlbStats
            {
                Usage = Number(cgroup, name),
                Failcnt = ContainerCgroup.ParseFlat(cgroup.Read($"hugetlb.{size}.events")).GetValueOrDefault("max"),
            };
        }
    }

    private static ulong Number(ContainerCgroup cgroup, string file) => TryNumber(cgroup.Read(file), out var number) ? number : 0;

    private static ulong Limit(ContainerCgroup cgroup, string file, ulong unlimited = ulong.MaxValue) =>
        TryNumber(cgroup.Read(file), out var number) ? number : unlimited;

    private static bool TryPair(ReadOnlySpan<char> text, char separator, out ReadOnlySpan<char> name, out ulong value)
    {
        var at = text.IndexOf(separator);
        name = at > 0 ? text[..at] : default;
        value = 0;
        return at > 0 && TryNumber(text[(at + 1)..], out value);
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out ulong number) =>
        ulong.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
