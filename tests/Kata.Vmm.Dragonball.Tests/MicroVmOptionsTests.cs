using Kata.Virtio;

namespace Kata.Vmm.Dragonball.Tests;

[TestClass]
public sealed class MicroVmOptionsTests
{
    private static readonly MicroVmOptions Valid = new() { KernelPath = "/proc/self/exe" };

    [TestMethod]
    public void Create_WithImpossibleValues_NamesOptionAndRange()
    {
        Refused(Valid with { KernelPath = "/nowhere/vmlinuz" }, "KernelPath", "bzImage");
        Refused(Valid with { InitrdPath = "/nowhere/initrd" }, "InitrdPath", "file");
        Refused(Valid with { CommandLine = new string('x', 2048) }, "CommandLine", "2047");
        Refused(Valid with { CommandLine = "a\nb" }, "CommandLine", "printable");
        Refused(Valid with { VcpuCount = 0 }, "VcpuCount", "1 to 254");
        Refused(Valid with { VcpuCount = 255 }, "VcpuCount", "1 to 254");
        Refused(Valid with { MemoryMib = 0 }, "MemoryMib", "2 to 1048576");
        Refused(Valid with { MemoryMib = 129 }, "MemoryMib", "multiple of 2");
        Refused(Valid with { MemoryBacking = (MicroVmMemoryBacking)7 }, "MemoryBacking", "Anonymous, Shared, HugePages");
        Refused(Valid with { ConsoleOutput = new MemoryStream([], writable: false) }, "ConsoleOutput", "can be written");
        Refused(Valid with { NetworkNamespacePath = "/nowhere/net" }, "NetworkNamespacePath", "/run/netns");
    }

    [TestMethod]
    public void Create_WithDevicesThatDoNotGoTogether_NamesThem()
    {
        var disk = new VirtioBlockOptions { Path = "/disk" };
        var network = new VirtioNetworkOptions { TapName = "tap0", MacAddress = "02:00:00:00:00:0a" };
        Refused(Valid with { Disks = [disk, disk] }, "Disks", "once");
        Refused(Valid with { Networks = [network, network with { TapName = "tap1", MacAddress = "02:00:00:00:00:0A" }] }, "Networks", "once");
        Refused(Valid with { Disks = [.. Enumerable.Range(0, 20).Select(i => new VirtioBlockOptions { Path = $"/disk{i}" })] }, "Disks[19]", "at most 19");
        Refused(Valid with { VhostUserFileSystems = [new() { SocketPath = "/socket", Tag = "tag" }] }, "MemoryBacking", "Shared");
        Assert.IsNotNull(MicroVm.Create(Valid with { Disks = [disk with { ReadOnly = true }, disk with { ReadOnly = true }] }));
    }

    private static void Refused(MicroVmOptions options, string option, string allowed)
    {
        var e = Assert.ThrowsExactly<MicroVmOptionException>(() => MicroVm.Create(options));
        Assert.AreEqual(option, e.Option);
        StringAssert.Contains(e.Allowed, allowed);
        StringAssert.Contains(e.Message, option);
    }
}
