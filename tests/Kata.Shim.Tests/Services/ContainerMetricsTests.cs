using Kata.Protocols.Agent;
using Kata.Shim.Services;
using V1 = Kata.Protocols.Containerd.Metrics.V1;
using V2 = Kata.Protocols.Containerd.Metrics.V2;

namespace Kata.Shim.Tests.Services;

[TestClass]
public sealed class ContainerMetricsTests
{
    [TestMethod]
    public void Convert_UnifiedHost_GivesVersion2()
    {
        var any = ContainerMetrics.Convert(Example(), unified: true);

        Assert.AreEqual("io.containerd.cgroups.v2.Metrics", any.TypeUrl);
        var metrics = V2.Metrics.Parser.ParseFrom(any.Value);
        Assert.AreEqual(7_000UL, metrics.Cpu.UsageUsec);
        Assert.AreEqual(111UL, metrics.Memory.Usage);
        Assert.AreEqual(ulong.MaxValue, metrics.Memory.UsageLimit);
        Assert.AreEqual(50UL, metrics.Memory.Anon);
        Assert.AreEqual(30UL, metrics.Memory.InactiveFile);
        Assert.AreEqual(3UL, metrics.Pids.Current);
        Assert.HasCount(1, metrics.Io.Usage);
        Assert.AreEqual(512UL, metrics.Io.Usage[0].Rbytes);
        Assert.AreEqual(2UL, metrics.Io.Usage[0].Wios);
    }

    [TestMethod]
    public void Convert_HostWithVersion1_GivesVersion1WithTotals()
    {
        var any = ContainerMetrics.Convert(Example(), unified: false);

        Assert.AreEqual("io.containerd.cgroups.v1.Metrics", any.TypeUrl);
        var metrics = V1.Metrics.Parser.ParseFrom(any.Value);
        Assert.AreEqual(7_000_000UL, metrics.Cpu.Usage.Total);
        Assert.AreEqual(111UL, metrics.Memory.Usage.Usage);
        Assert.AreEqual(50UL, metrics.Memory.TotalRss);
        Assert.AreEqual(30UL, metrics.Memory.TotalInactiveFile);
        Assert.AreEqual(4UL, metrics.Memory.TotalPgFault);
        Assert.AreEqual("eth0", metrics.Network[0].Name);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Convert_EmptyAnswer_IsNoError(bool unified) =>
        Assert.IsNotNull(ContainerMetrics.Convert(new StatsContainerResponse(), unified));

    private static StatsContainerResponse Example()
    {
        var stats = new StatsContainerResponse
        {
            CgroupStats = new CgroupStats
            {
                CpuStats = new CpuStats { CpuUsage = new CpuUsage { TotalUsage = 7_000_000 } },
                MemoryStats = new MemoryStats { Usage = new MemoryData { Usage = 111 } },
                PidsStats = new PidsStats { Current = 3 },
                BlkioStats = new BlkioStats(),
            },
        };
        stats.CgroupStats.MemoryStats.Stats["anon"] = 50;
        stats.CgroupStats.MemoryStats.Stats["inactive_file"] = 30;
        stats.CgroupStats.MemoryStats.Stats["pgfault"] = 4;
        stats.CgroupStats.BlkioStats.IoServiceBytesRecursive.Add(new BlkioStatsEntry { Major = 254, Op = "read", Value = 512 });
        stats.CgroupStats.BlkioStats.IoServiceBytesRecursive.Add(new BlkioStatsEntry { Major = 254, Op = "wios", Value = 2 });
        stats.NetworkStats.Add(new NetworkStats { Name = "eth0" });
        return stats;
    }
}
