using Kata.Protocols.Oci;
using Kata.Shim.Configuration;
using Kata.Shim.Resources.Guest;
using Kata.Shim.Tests.Resources.Fakes;

namespace Kata.Shim.Tests.Resources.Guest;

[TestClass]
public sealed class SandboxSettingsTests
{
    [TestMethod]
    public void MakeRequest_Sandbox_HasDnsStoragesAndModules()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "nameserver 10.0.0.1\nsearch x\n");
            var spec = new Spec
            {
                Hostname = "box",
                Mounts = [new() { Destination = "/etc/resolv.conf", Type = "bind", Source = file }, new() { Destination = "/dev/shm", Type = "tmpfs", Options = ["size=65536k"] }],
            };
            var request = SandboxSettings.MakeRequest("s1", spec, Configuration, shared: true);
            Assert.AreEqual(("s1", "box"), (request.SandboxId, request.Hostname));
            CollectionAssert.AreEqual(new[] { "nameserver 10.0.0.1", "search x" }, request.Dns.ToArray());
            Assert.AreEqual(("virtio-fs", "kataShared", "virtiofs"), (request.Storages[0].Driver, request.Storages[0].Source, request.Storages[0].Fstype));
            Assert.AreEqual("/run/kata-containers/sandbox/shm", request.Storages[1].MountPoint);
            CollectionAssert.Contains(request.Storages[1].Options, "size=67108864");
            Assert.AreEqual("e1000e", request.KernelModules[0].Name);
            CollectionAssert.AreEqual(new[] { "a=1 2", "b=3" }, request.KernelModules[0].Parameters.ToArray());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void MakeRequest_NothingGiven_IsMinimal()
    {
        var request = SandboxSettings.MakeRequest("s1", new Spec(), Configuration, shared: false);
        Assert.IsEmpty(request.Dns);
        Assert.AreEqual("ephemeral", request.Storages.Single().Driver);
    }

    [TestMethod]
    [DataRow("1m", 1L << 20)]
    [DataRow("2G", 2L << 30)]
    [DataRow("4096", 4096L)]
    [DataRow("bottle", 64L << 20)]
    [DataRow("99999999999999g", 64L << 20)]
    [DataRow("", 64L << 20)]
    public void SharedMemorySize_Options_AreRead(string size, long expected) =>
        Assert.AreEqual(expected, SandboxSettings.SharedMemorySize(new Spec { Mounts = [new() { Destination = "/dev/shm", Type = "tmpfs", Options = [$"size={size}"] }] }));

    [TestMethod]
    public void SharedMemorySize_BindOfHostTmpfs_IsItsCapacity()
    {
        Host.Needs("/proc/self/mountinfo");
        var expected = Kata.Linux.MountPoint.CapacityOf("/tmp");
        Assert.AreEqual(expected, SandboxSettings.SharedMemorySize(new Spec { Mounts = [new() { Destination = "/dev/shm", Type = "bind", Source = "/tmp" }] }));
    }

    [TestMethod]
    public void DnsLines_NoFileOrTooBig_IsEmpty()
    {
        Assert.IsEmpty(SandboxSettings.DnsLines(new Spec { Mounts = [new() { Destination = "/etc/resolv.conf", Source = "/no/such" }] }));
        Assert.IsEmpty(SandboxSettings.DnsLines(new Spec { Mounts = [new() { Destination = "/etc/resolv.conf", Source = "/dev/zero" }] }));
    }

    private static KataConfiguration Configuration => new()
    {
        HypervisorName = "fake",
        Hypervisor = new(),
        Agent = new() { KernelModules = ["e1000e \"a=1 2\" b=3"] },
        Runtime = new(),
        SharedFs = new(),
        SourcePath = "/c",
    };
}
