using Kata.Abstractions;
using Kata.Protocols.Oci;
using Kata.Shim.Configuration;
using Kata.Shim.Tests.Resources.Fakes;

namespace Kata.Shim.Tests.Configuration;

[TestClass]
public sealed class ConfigurationLoaderTests
{
    private const string Minimal = """
        [hypervisor.qemu]
        path = "@/qemu"
        kernel = "@/vmlinuz"
        initrd = "@/initrd"
        [agent.kata]
        [runtime]
        hypervisor_name = "qemu"
        agent_name = "kata"
        """;

    private static readonly HostLimits Host = new(8, 16384);

    private readonly ConfigurationDirectory _directory = new();

    [TestCleanup]
    public void CleanUp() => _directory.Dispose();

    [TestMethod]
    public void Load_Minimal_HasDefaults()
    {
        var configuration = Load(Minimal);
        Assert.AreEqual("qemu", configuration.HypervisorName);
        var hypervisor = configuration.Hypervisor;
        Assert.AreEqual($"{_directory.Root}/vmlinuz", hypervisor.Kernel);
        Assert.AreEqual((1, 1, 2048UL, 16384UL), (hypervisor.Vcpus, hypervisor.MaxVcpus, hypervisor.MemoryMib, hypervisor.MaxMemoryMib));
        Assert.AreEqual(SharedFsKind.None, configuration.SharedFs.Kind);
        Assert.AreEqual(TimeSpan.FromSeconds(30), configuration.Agent.RequestTimeout);
        Assert.IsGreaterThanOrEqualTo(30, configuration.Agent.ConnectTimeout.TotalSeconds);
        Assert.IsTrue(configuration.Runtime is { SandboxCgroupOnly: true, StaticSizing: true, NetworkModel: NetworkModel.TcFilter });
        Assert.IsEmpty(configuration.Warnings);
    }

    /// <summary>The keys of the files upstream ships for QEMU, with sections of hypervisors this build does not have.</summary>
    [TestMethod]
    public void Load_FullSizedOperatorFile_IsAcceptedAsItIs()
    {
        var configuration = Load("""
            [hypervisor.qemu]
            path = "@/qemu"
            kernel = "@/vmlinuz"
            initrd = "@/initrd"
            rootfs_type = "ext4"
            vm_rootfs_driver = "virtio-pmem"
            block_device_driver = "virtio-scsi"
            block_device_aio = "native"
            valid_hypervisor_paths = ["/usr/bin/qemu-system-*"]
            kernel_params = "quiet cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1"
            firmware = ""
            machine_type = "q35"
            cpu_features = "pmu=off"
            default_vcpus = 2.0
            overhead_vcpus = 0.2
            default_maxvcpus = 0
            default_bridges = 1
            default_memory = 1024
            overhead_memory = 32
            memory_slots = 10
            default_maxmemory = 0
            shared_fs = "virtio-fs"
            virtio_fs_daemon = "@/virtiofsd"
            valid_virtio_fs_daemon_paths = ["/opt/*/virtiofsd"]
            virtio_fs_cache_size = 0
            virtio_fs_queue_size = 1024
            virtio_fs_extra_args = ["--thread-pool-size=1", "-o", "announce_submounts"]
            virtio_fs_cache = "auto"
            enable_annotations = ["enable_iommu", "kernel_params", "default_vcpus", "default_memory"]
            disable_guest_selinux = true
            guest_hook_path = ""
            enable_debug = false
            entropy_source = "/dev/urandom"
            pflashes = []
            [hypervisor.qemu.factory]
            enable_template = false
            template_path = "/run/vc/vm/template"
            [[hypervisor.qemu.guest_extension_images]]
            name = "gpu"
            path = "/nowhere/gpu.img"
            [hypervisor.clh]
            path = "/nowhere/cloud-hypervisor"
            kernel = "/nowhere/vmlinux"
            [hypervisor.dragonball]
            path = ""
            kernel = "/nowhere/vmlinux"
            [agent.kata]
            container_pipe_size = 0
            enable_debug = true
            debug_console_enabled = true
            dial_timeout_ms = 10
            reconnect_timeout_ms = 3000
            create_container_timeout = 60
            launch_process_timeout = 6
            kernel_modules = ["e1000e InterruptThrottleRate=3000,3000,3000 EEE=1"]
            [agent.kata.mem_agent]
            mem_agent_enable = false
            [runtime]
            name = "virt_container"
            hypervisor_name = "qemu"
            agent_name = "kata"
            enable_debug = true
            internetworking_model = "tcfilter"
            disable_guest_seccomp = true
            sandbox_cgroup_only = true
            static_sandbox_resource_mgmt = true
            experimental = []
            vfio_mode = "guest-kernel"
            emptydir_mode = "shared-fs"
            sandbox_bind_mounts = []
            dan_conf = "/run/kata-containers/dans"
            """);
        Assert.IsEmpty(configuration.Warnings, string.Join("; ", configuration.Warnings));
        Assert.AreEqual(
            "agent.debug_console agent.debug_console_vport=1026 agent.launch_process_timeout=6 agent.log=debug "
            + "quiet cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1",
            configuration.Hypervisor.KernelParameters);
        Assert.AreEqual((2, 2, 1024UL), (configuration.Hypervisor.Vcpus, configuration.Hypervisor.MaxVcpus, configuration.Hypervisor.MemoryMib));
        Assert.IsTrue(configuration.Hypervisor.SharedMemory);
        Assert.AreEqual("false", configuration.Hypervisor.OtherKeys["factory.enable_template"]);
        Assert.AreEqual("""[{ name = "gpu", path = "/nowhere/gpu.img" }]""", configuration.Hypervisor.OtherKeys["guest_extension_images"]);
        Assert.AreEqual("virtio-pmem", configuration.Hypervisor.OtherKeys["vm_rootfs_driver"]);
        Assert.AreEqual(("auto", 1024), (configuration.SharedFs.Cache, configuration.SharedFs.QueueSize));
        CollectionAssert.AreEqual(new[] { "--thread-pool-size=1", "-o", "announce_submounts" }, configuration.SharedFs.ExtraArguments.ToArray());
        Assert.AreEqual(TimeSpan.FromSeconds(60), configuration.Agent.RequestTimeout);
        Assert.IsTrue(configuration.Runtime is { Debug: true, DisableGuestSeccomp: true });
    }

    [TestMethod]
    public void Load_GoRuntimeFile_IsAcceptedWithWarnings()
    {
        var configuration = Load("""
            [hypervisor.qemu]
            path = "@/qemu"
            kernel = "@/vmlinuz"
            image = "@/image"
            seccompsandbox = "on"
            default_maxvcpus = -1
            [agent.kata]
            dial_timeout = 45
            [runtime]
            internetworking_model = "macvtap"
            """);
        Assert.AreEqual("on", configuration.Hypervisor.SeccompSandbox);
        Assert.AreEqual(TimeSpan.FromSeconds(45), configuration.Agent.ConnectTimeout);
        Assert.AreEqual(NetworkModel.None, configuration.Runtime.NetworkModel);
        AssertWarns(configuration, "seccomp_sandbox");
        AssertWarns(configuration, "reconnect_timeout_ms");
        AssertWarns(configuration, "runtime.hypervisor_name is not set");
    }

    [TestMethod]
    public void Load_DropIns_MergeByNameAndKey()
    {
        _directory.WriteDropIn("20-memory", "[hypervisor.qemu]\ndefault_memory = 4096\nkernel_params = \"b\"\n");
        _directory.WriteDropIn("10-first.toml", "[hypervisor.qemu]\ndefault_memory = 512\n[agent.kata]\ncreate_container_timeout = 7\n");
        var configuration = Load(Minimal);
        Assert.AreEqual(4096UL, configuration.Hypervisor.MemoryMib);
        Assert.AreEqual("b", configuration.Hypervisor.KernelParameters);
        Assert.AreEqual($"{_directory.Root}/initrd", configuration.Hypervisor.Initrd);
        Assert.AreEqual(TimeSpan.FromSeconds(7), configuration.Agent.RequestTimeout);
    }

    [TestMethod]
    public void Load_DropInIsDirectory_Fails()
    {
        Directory.CreateDirectory($"{_directory.Root}/config.d/dir");
        AssertFails(Minimal, "config.d/dir");
    }

    [TestMethod]
    public void Load_ErrorInDropIn_NamesTheDropIn()
    {
        _directory.WriteDropIn("a.toml", "\n[hypervisor.qemu]\ndefault_vcpus = \"two\"\n");
        AssertFails(Minimal, $"{_directory.Root}/config.d/a.toml:3: hypervisor.qemu.default_vcpus: The value must be a number.");
    }

    [TestMethod]
    [DataRow("[runtime\nx = 1\n", ":1: TOML syntax: ")]
    [DataRow("[runtime]\n\nname = \"unterminated\nx = 1\n", ":3: TOML syntax: ")]
    [DataRow("[runtime]\nname\n", ":2: TOML syntax: ")]
    [DataRow("[runtime]\nname = \"a\"\nname = \"b\"\n", ":3: TOML syntax: Key name is set a second time; the first is at ")]
    public void Load_SyntaxError_NamesFileAndLine(string toml, string expected) => AssertFails(toml, _directory.ConfigPath + expected);

    [TestMethod]
    public void Load_UnknownKeys_WarnWithLineButFailInAgent()
    {
        var configuration = Load(Minimal.Replace("[agent.kata]", "typo_key = 1\n[agent.kata]", StringComparison.Ordinal) + "\nother_typo = true\n");
        AssertWarns(configuration, $"{_directory.ConfigPath}:5: hypervisor.qemu.typo_key is no key this runtime knows");
        AssertWarns(configuration, "runtime.other_typo");
        Assert.AreEqual("1", configuration.Hypervisor.OtherKeys["typo_key"]);
        AssertFails(Minimal.Replace("[agent.kata]", "[agent.kata]\nnew_key = 1", StringComparison.Ordinal), $"{_directory.ConfigPath}:6: agent.kata.new_key: There is no such key");
    }

    [TestMethod]
    public void Load_ForeignHypervisor_KeepsItsKeysWithoutWarning()
    {
        var configuration = Load(Minimal.Replace("qemu]", "mine]\nspecial = \"x\"", StringComparison.Ordinal).Replace("\"qemu\"", "\"mine\"", StringComparison.Ordinal), "mine");
        Assert.AreEqual("x", configuration.Hypervisor.OtherKeys["special"]);
        Assert.IsEmpty(configuration.Warnings);
    }

    [TestMethod]
    public void Load_HypervisorNotReferenced_NamesThePackage()
    {
        AssertFails(Minimal, "add a reference to package Kata.Hypervisors.External", "other");
        AssertFails(Minimal.Replace("\"qemu\"", "\"dragonball\"", StringComparison.Ordinal), "add a reference to package Kata.Vmm.Dragonball");
        AssertFails(Minimal.Replace("\"qemu\"", "\"unheard-of\"", StringComparison.Ordinal), "without hypervisor unheard-of (it has: qemu)");
    }

    [TestMethod]
    public void Load_SectionMissing_SaysWhich()
    {
        AssertFails(Minimal.Replace("\"kata\"", "\"other\"", StringComparison.Ordinal), "There is no section [agent.other]");
        AssertFails(Minimal.Replace("[hypervisor.qemu]", "[hypervisor.clh]", StringComparison.Ordinal), "There is no section [hypervisor.qemu]");
    }

    [TestMethod]
    [DataRow("vmlinuz", "kernel")]
    [DataRow("initrd", "initrd")]
    [DataRow("qemu", "path")]
    public void Load_FileMissing_NamesKeyLineAndFile(string file, string key)
    {
        File.Delete($"{_directory.Root}/{file}");
        AssertFails(Minimal, $"hypervisor.qemu.{key}: {_directory.Root}/{file} does not exist.");
    }

    [TestMethod]
    public void Load_ImageAndInitrd_Fails() =>
        AssertFails(Minimal.Replace("[agent.kata]", "image = \"@/image\"\n[agent.kata]", StringComparison.Ordinal), "exclude each other");

    [TestMethod]
    [DataRow("default_memory = 16", "default_memory: 16 MiB are too few")]
    [DataRow("block_device_aio = \"fast\"", "block_device_aio: \"fast\" is not one of io_uring, native, threads.")]
    [DataRow("shared_fs = \"virtio-9p\"", "shared_fs: \"virtio-9p\" is not supported")]
    [DataRow("shared_fs = \"virtio-fs\"", "virtio_fs_daemon: shared_fs is virtio-fs, which needs the path of virtiofsd")]
    [DataRow("enable_debug = 1", "enable_debug: The value must be true or false.")]
    [DataRow("default_bridges = 6", "default_bridges: 6 is not between 0 and 5.")]
    [DataRow("virtio_fs_extra_args = [1]", "virtio_fs_extra_args: The value must be a list of strings.")]
    public void Load_BadHypervisorValue_NamesIt(string line, string expected) =>
        AssertFails(Minimal.Replace("[agent.kata]", $"{line}\n[agent.kata]", StringComparison.Ordinal), expected);

    [TestMethod]
    public void Load_NoFile_SaysWhatIsMissing()
    {
        var missing = Assert.ThrowsExactly<ConfigurationException>(
            () => ConfigurationLoader.Load(new ConfigurationRequest { ConfigPath = $"{_directory.Root}/none.toml" }, []));
        StringAssert.Contains(missing.Message, $"{_directory.Root}/none.toml does not exist");
        var directory = Assert.ThrowsExactly<ConfigurationException>(
            () => ConfigurationLoader.Load(new ConfigurationRequest { KataConfFile = _directory.Root }, []));
        StringAssert.Contains(directory.Message, "KATA_CONF_FILE");
        StringAssert.Contains(directory.Message, "is a directory");
    }

    [TestMethod]
    public void Load_EnvironmentAndOptions_EnvironmentWins()
    {
        _directory.Write(Minimal);
        var other = $"{_directory.Root}/other.toml";
        File.WriteAllText(other, File.ReadAllText(_directory.ConfigPath).Replace("[agent.kata]", "default_memory = 777\n[agent.kata]", StringComparison.Ordinal));
        var configuration = ConfigurationLoader.Load(
            new ConfigurationRequest { ConfigPath = _directory.ConfigPath, KataConfFile = other }, [new FakeProvider("qemu")]);
        Assert.AreEqual(777UL, configuration.Hypervisor.MemoryMib);
        Assert.AreEqual(other, configuration.SourcePath);
    }

    [TestMethod]
    public void Load_LinkedFile_UsesDropInsOfTheTarget()
    {
        _directory.Write(Minimal).WriteDropIn("a", "[hypervisor.qemu]\ndefault_memory = 640\n");
        var link = $"{_directory.Root}/sub/link.toml";
        Directory.CreateDirectory($"{_directory.Root}/sub");
        File.CreateSymbolicLink(link, _directory.ConfigPath);
        var configuration = ConfigurationLoader.Load(new ConfigurationRequest { ConfigPath = link }, [new FakeProvider("qemu")]);
        Assert.AreEqual(640UL, configuration.Hypervisor.MemoryMib);
        Assert.AreEqual(_directory.ConfigPath, configuration.SourcePath);
    }

    [TestMethod]
    public void Load_LimitsInSpec_SizeTheVm()
    {
        var spec = new Spec { Linux = new() { Resources = new() { Cpu = new() { Quota = 150_000, Period = 100_000 }, Memory = new() { Limit = 600L << 20 } } } };
        _directory.Write(Minimal.Replace("[agent.kata]", "overhead_vcpus = 0.5\noverhead_memory = 128\n[agent.kata]", StringComparison.Ordinal));
        var configuration = ConfigurationLoader.Load(new ConfigurationRequest { ConfigPath = _directory.ConfigPath, Spec = spec, Host = Host }, [new FakeProvider("qemu")]);
        Assert.AreEqual((2, 2, 728UL), (configuration.Hypervisor.Vcpus, configuration.Hypervisor.MaxVcpus, configuration.Hypervisor.MemoryMib));
    }

    private KataConfiguration Load(string toml, string provider = "qemu")
    {
        _directory.Write(toml);
        return ConfigurationLoader.Load(new ConfigurationRequest { ConfigPath = _directory.ConfigPath, Host = Host }, [new FakeProvider(provider)]);
    }

    private void AssertFails(string toml, string expected, string provider = "qemu")
    {
        var exception = Assert.ThrowsExactly<ConfigurationException>(() => Load(toml, provider));
        StringAssert.Contains(exception.Message, expected);
        Assert.AreEqual(KataErrorKind.InvalidArgument, exception.Kind);
    }

    private static void AssertWarns(KataConfiguration configuration, string expected) =>
        Assert.IsTrue(configuration.Warnings.Any(warning => warning.Contains(expected, StringComparison.Ordinal)), string.Join("; ", configuration.Warnings));
}
