using Kata.Linux.Cgroups;

namespace Kata.Linux.Tests.Cgroups;

[TestClass]
public sealed class CgroupTests
{
    [TestMethod]
    public void From_HybridMounts_FindsEachHierarchyOnce()
    {
        string[] lines =
        [
            "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755",
            "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct",
            "33 31 0:30 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/lib/systemd/systemd-cgroups-agent,name=systemd",
            "34 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct",
            "35 31 0:31 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
            "36 31 0:32 / /sys/fs/cgroup/memory ro,relatime - cgroup cgroup rw,memory",
        ];
        var hierarchies = CgroupHierarchy.From(lines.Select(line => MountTable.Parse(line)!).ToList());
        CollectionAssert.AreEqual(
            new[] { "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified" }, hierarchies.Select(hierarchy => hierarchy.MountPoint).ToArray());
        const string Text = "3:cpuacct,cpu:/a\n1:name=systemd:/b\n0::/c:d\n";
        CollectionAssert.AreEqual(new[] { "/a", "/b", "/c:d" }, hierarchies.Select(hierarchy => hierarchy.PathOf(Text)).ToArray());
    }

    [TestMethod]
    public void Create_RealHierarchies_TakesAProcessAndGoesAway()
    {
        if (CurrentProcess.EffectiveUserId != 0 || CgroupHierarchy.ReadAll() is not { Count: > 0 } hierarchies)
        {
            Assert.Inconclusive("needs root and writable cgroups");
            return;
        }

        var name = $"kata-test-{Environment.ProcessId}";
        var created = new List<string>();
        var directories = hierarchies.Select(hierarchy => Cgroup.Create(hierarchy, $"/{name}/inner", created.Add)).ToList();
        using var child = ChildProcess.Start(new ChildProcessOptions { Path = "/bin/sleep", Arguments = ["1000"] });
        try
        {
            foreach (var directory in directories)
                Cgroup.AddProcess(directory, child.Id);
            CollectionAssert.AreEqual(new[] { child.Id }, Cgroup.ProcessesOf(directories[0]).ToArray());
            Assert.IsFalse(Cgroup.TryRemove(directories[0]));
            Assert.IsFalse(Cgroup.TryRemove(Path.GetDirectoryName(directories[0])!));
        }
        finally
        {
            child.Kill(Signal.SIGKILL);
            _ = child.Exited.GetAwaiter().GetResult();
            created.Reverse();
            Assert.IsTrue(created.TrueForAll(Cgroup.TryRemove));
        }

        Assert.HasCount(2 * hierarchies.Count, created);
        Assert.IsTrue(directories.TrueForAll(directory => !Directory.Exists(directory)));
    }
}
