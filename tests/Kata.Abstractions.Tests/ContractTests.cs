using Kata.Abstractions.Capabilities;
using Kata.Abstractions.Devices;

namespace Kata.Abstractions.Tests;

[TestClass]
public sealed class ContractTests
{
    [TestMethod]
    public void GuestEndpoint_ForPort_IsContainerdsNotation()
    {
        Assert.AreEqual("vsock://7:1024", new VsockGuestEndpoint(7).ForPort(1024));
        Assert.AreEqual("hvsock:///run/vm/vsock.sock:1025", new HybridVsockGuestEndpoint("/run/vm/vsock.sock").ForPort(1025));
        Assert.AreEqual("unix:///run/agent.sock", new UnixGuestEndpoint("/run/agent.sock").ForPort(1024));
    }

    [TestMethod]
    public void ConfigurationException_WithAndWithoutSource_NamesTheKey()
    {
        var cause = new FileNotFoundException();
        var error = new ConfigurationException("hypervisor.x.kernel", "/etc/c.toml:3", "It is missing.", cause);
        Assert.AreEqual("/etc/c.toml:3: hypervisor.x.kernel: It is missing.", error.Message);
        Assert.AreSame(cause, error.InnerException);
        Assert.AreEqual(KataErrorKind.InvalidArgument, error.Kind);
        Assert.AreEqual("hypervisor.x.kernel: It is missing.", new ConfigurationException("hypervisor.x.kernel", null, "It is missing.").Message);
    }

    [TestMethod]
    public void NotSupportedByHypervisorException_IsAHypervisorError()
    {
        HypervisorException error = new NotSupportedByHypervisorException("tiny", "hot-plug of disks");
        Assert.AreEqual("Hypervisor tiny does not support hot-plug of disks.", error.Message);
        Assert.AreEqual(KataErrorKind.NotSupported, error.Kind);
    }

    [TestMethod]
    public void Devices_AreValues()
    {
        var disk = new BlockDevice { Id = "a", HostPath = "/disk" };
        Assert.AreEqual(disk, disk with { });
        Assert.AreNotEqual<Device>(disk, disk with { ReadOnly = true });
        Assert.AreEqual(new AttachedDevice(disk, new PciAddress("02/01")), new AttachedDevice(disk with { }, new PciAddress("02/01")));
    }

    [TestMethod]
    public void Contract_DependsOnLoggingOnly() => CollectionAssert.AreEquivalent(
        (string[])["Microsoft.Extensions.Logging.Abstractions"],
        typeof(IHypervisor).Assembly.GetReferencedAssemblies().Select(name => name.Name!)
            .Where(name => !name.StartsWith("System.", StringComparison.Ordinal)).ToArray());

    [TestMethod]
    public void Contract_Interfaces_StaySmall()
    {
        foreach (var contract in (Type[])[typeof(IHypervisorProvider), typeof(IHypervisor), typeof(IPausable), typeof(IVcpuHotplug), typeof(IMemoryHotplug)])
        {
            var members = contract.GetMembers().Count(member => member is not System.Reflection.MethodInfo { IsSpecialName: true });
            Assert.IsTrue(members <= 8, $"{contract.Name} has {members} members; what only some hypervisors can do is an interface of its own.");
        }
    }
}
