using Kata.Abstractions;
using Kata.Protocols.Oci;
using Kata.Shim.Configuration;
using Kata.Vmm.Dragonball;

namespace Kata.Shim.Tests.Configuration;

/// <summary>Operators' files for Dragonball, with the keys and values that Kata Containers ships, work as they are.</summary>
[TestClass]
public sealed class DragonballConfigurationTests
{
    /// <summary>Every key of the file Kata Containers 4 ships, with its values; only paths differ.</summary>
    private const string Shipped = """
        [hypervisor.dragonball]
        path = ""
        ctlpath = ""
        kernel = "@/vmlinuz"
        image = "@/image"
        rootfs_type = "ext4"
        vm_rootfs_driver = "virtio-blk-pci"
        enable_annotations = ["enable_iommu", "virtio_fs_extra_args", "kernel_params", "kernel_verity_params", "default_vcpus", "default_memory"]
        valid_hypervisor_paths = []
        kernel_params = "console=ttyS1 agent.log_vport=1025"
        firmware = ""
        default_vcpus = 1
        overhead_vcpus = 0.2
        default_maxvcpus = 0
        default_bridges = 0
        default_memory = 2048
        overhead_memory = 32
        block_device_driver = "virtio-blk-pci"
        shared_fs = "inline-virtio-fs"
        virtio_fs_cache_size = 0
        virtio_fs_extra_args = ["--thread-pool-size=1", "-o", "announce_submounts"]
        virtio_fs_cache = "auto"

        [agent.kata]
        container_pipe_size = 1
        dial_timeout_ms = 10
        reconnect_timeout_ms = 3000
        create_container_timeout = 30

        [runtime]
        internetworking_model = "tcfilter"
        name = "virt_container"
        hypervisor_name = "dragonball"
        agent_name = "kata"
        disable_guest_seccomp = true
        sandbox_cgroup_only = true
        experimental = []
        static_sandbox_resource_mgmt = false
        use_passfd_io = false
        """;

    private readonly ConfigurationDirectory _directory = new();

    [TestCleanup]
    public void CleanUp() => _directory.Dispose();

    [TestMethod]
    public void Load_ShippedFile_IsAcceptedAsItIs()
    {
        var configuration = Load(Shipped);

        Assert.AreEqual("dragonball", configuration.HypervisorName);
        Assert.AreEqual(SharedFsKind.InlineVirtioFs, configuration.SharedFs.Kind);
        Assert.AreEqual("auto", configuration.SharedFs.Cache);
        Assert.AreEqual($"{_directory.Root}/image", configuration.Hypervisor.Image);
        Assert.AreEqual((1, 2048UL), (configuration.Hypervisor.Vcpus, configuration.Hypervisor.MemoryMib));
        Assert.AreEqual("agent.container_pipe_size=1 console=ttyS1 agent.log_vport=1025", configuration.Hypervisor.KernelParameters);
        Assert.IsFalse(configuration.Hypervisor.SharedMemory, "nobody else serves files");
        // The one thing that an operator should know.
        StringAssert.Contains(configuration.Warnings.Single(), "static_sandbox_resource_mgmt");
    }

    /// <summary>Older files count PCI bridges, choose the block driver by its old name and give one connect time in seconds.</summary>
    [TestMethod]
    public void Load_OlderFile_IsAcceptedToo() => Load(Shipped
        .Replace("default_bridges = 0", "default_bridges = 1", StringComparison.Ordinal)
        .Replace("block_device_driver = \"virtio-blk-pci\"", "block_device_driver = \"virtio-blk-mmio\"", StringComparison.Ordinal)
        .Replace("dial_timeout_ms = 10", "dial_timeout = 60", StringComparison.Ordinal));

    [TestMethod]
    public void Load_Static_SizesTheVmForItsWorkload()
    {
        var spec = new Spec { Linux = new() { Resources = new() { Cpu = new() { Quota = 150_000, Period = 100_000 }, Memory = new() { Limit = 601L << 20 } } } };
        var configuration = Load(Shipped.Replace("resource_mgmt = false", "resource_mgmt = true", StringComparison.Ordinal), spec);
        Assert.AreEqual((2, 2, 634UL), (configuration.Hypervisor.Vcpus, configuration.Hypervisor.MaxVcpus, configuration.Hypervisor.MemoryMib));
    }

    [TestMethod]
    public void Load_VirtioFsd_IsAChoiceToo()
    {
        var configuration = Load(Shipped.Replace("inline-virtio-fs\"", "virtio-fs\"\nvirtio_fs_daemon = \"@/virtiofsd\"", StringComparison.Ordinal));
        Assert.AreEqual(SharedFsKind.VirtioFs, configuration.SharedFs.Kind);
        Assert.IsTrue(configuration.Hypervisor.SharedMemory, "virtiofsd maps the guest's memory");
    }

    [TestMethod]
    [DataRow("path = \"\"", "path = \"@/qemu\"", "hypervisor.dragonball.path")]
    [DataRow("firmware = \"\"", "firmware = \"@/qemu\"", "hypervisor.dragonball.firmware")]
    [DataRow("default_bridges = 0", "machine_type = \"q35\"", "hypervisor.dragonball.machine_type")]
    [DataRow("default_bridges = 0", "enable_iommu = true", "hypervisor.dragonball.enable_iommu")]
    public void Load_KeysOfAnExternalVmm_AreRefused(string line, string instead, string named)
    {
        var error = Assert.ThrowsExactly<ConfigurationException>(() => Load(Shipped.Replace(line, instead, StringComparison.Ordinal)));
        Assert.AreEqual(named, error.Key);
    }

    [TestMethod]
    public void Load_WithoutThePackage_NamesIt()
    {
        _directory.Write(Shipped);
        var error = Assert.ThrowsExactly<ConfigurationException>(
            () => ConfigurationLoader.Load(new ConfigurationRequest { ConfigPath = _directory.ConfigPath }, []));
        StringAssert.Contains(error.Message, "add a reference to package Kata.Vmm.Dragonball");
    }

    private KataConfiguration Load(string toml, Spec? spec = null)
    {
        _directory.Write(toml);
        var request = new ConfigurationRequest { ConfigPath = _directory.ConfigPath, Host = new HostLimits(8, 16384) };
        return ConfigurationLoader.Load(spec is null ? request : request with { Spec = spec }, [new DragonballProvider()]);
    }
}
