using Kata.Guest.Agent.Cgroups;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class CgroupTests
{
    [TestMethod]
    public void Read_Files_FillTheAgentsShape()
    {
        using var directory = new TemporaryDirectory();
        directory.Write("cpu.stat", "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 7\nnr_throttled 2\nthrottled_usec 9\n");
        directory.Write("memory.current", "4096\n");
        directory.Write("memory.peak", "8192\n");
        directory.Write("memory.max", "max\n");
        directory.Write("memory.stat", "anon 100\nfile 300\nkernel 50\nfile_dirty 4\ninactive_file 200\npgfault 11\nunknown_new 1\n");
        directory.Write("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n");
        directory.Write("pids.current", "5\n");
        directory.Write("pids.max", "100\n");
        directory.Write("io.stat", "254:0 rbytes=1024 wbytes=0 rios=2 wios=0 dbytes=0 dios=0\n8:16 \n");
        directory.Write("hugetlb.2MB.current", "2097152\n");
        directory.Write("hugetlb.2MB.rsvd.current", "0\n");

        var stats = CgroupStatistics.Read(new ContainerCgroup(directory.Path));

        Assert.AreEqual(1_500_000u, stats.CpuStats.CpuUsage.TotalUsage);
        Assert.AreEqual(1_000_000u, stats.CpuStats.CpuUsage.UsageInUsermode);
        Assert.AreEqual(500_000u, stats.CpuStats.CpuUsage.UsageInKernelmode);
        Assert.IsEmpty(stats.CpuStats.CpuUsage.PercpuUsage);
        Assert.AreEqual((7ul, 2ul, 9000ul), (stats.CpuStats.ThrottlingData.Periods, stats.CpuStats.ThrottlingData.ThrottledPeriods, stats.CpuStats.ThrottlingData.ThrottledTime));
        Assert.AreEqual((4096ul, 8192ul, 3ul, ulong.MaxValue), (stats.MemoryStats.Usage.Usage, stats.MemoryStats.Usage.MaxUsage, stats.MemoryStats.Usage.Failcnt, stats.MemoryStats.Usage.Limit));
        Assert.AreEqual(300u, stats.MemoryStats.Cache);
        Assert.AreEqual(50u, stats.MemoryStats.KernelUsage.Usage);
        // kubelet's working set is usage - total_inactive_file.
        Assert.AreEqual(200u, stats.MemoryStats.Stats["total_inactive_file"]);
        Assert.AreEqual(100u, stats.MemoryStats.Stats["rss"]);
        Assert.AreEqual(4u, stats.MemoryStats.Stats["dirty"]);
        Assert.AreEqual(11u, stats.MemoryStats.Stats["pg_fault"]);
        Assert.AreEqual(1u, stats.MemoryStats.Stats["unknown_new"]);
        Assert.AreEqual((5ul, 100ul), (stats.PidsStats.Current, stats.PidsStats.Limit));
        Assert.HasCount(6, stats.BlkioStats.IoServiceBytesRecursive);
        var read = stats.BlkioStats.IoServiceBytesRecursive[0];
        Assert.AreEqual((254ul, 0ul, "read", 1024ul), (read.Major, read.Minor, read.Op, read.Value));
        Assert.AreEqual("2MB", stats.HugetlbStats.Keys.Single());
    }

    [TestMethod]
    public void Read_NoSuchCgroup_IsAllZero()
    {
        var stats = CgroupStatistics.Read(new ContainerCgroup("/nonexistent"));
        Assert.AreEqual(0u, stats.MemoryStats.Usage.Usage);
        Assert.AreEqual(0u, stats.PidsStats.Current);
    }

    [TestMethod]
    public void ParseFlat_Garbage_IsSkipped()
    {
        var values = ContainerCgroup.ParseFlat("a 1\n b\nc x\nd -1\n\ne 18446744073709551615\nf 99999999999999999999\n");
        CollectionAssert.AreEquivalent(new[] { "a", "e" }, values.Keys.ToArray());
    }

    [TestMethod]
    public void TryKillAll_NoSuchCgroup_IsFalse() => Assert.IsFalse(new ContainerCgroup("/nonexistent").TryKillAll());
}
