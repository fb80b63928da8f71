using Kata.Abstractions;
using Kata.Shim.Configuration;
using Kata.Shim.Tests.Resources.Fakes;

namespace Kata.Shim.Tests.Configuration;

[TestClass]
public sealed class AnnotationTests
{
    private const string Hypervisor = "io.katacontainers.config.hypervisor.";

    private const string File = """
        [hypervisor.qemu]
        path = "@/qemu"
        kernel = "@/vmlinuz"
        initrd = "@/initrd"
        kernel_params = "quiet a=1 b=\"x y\""
        valid_hypervisor_paths = ["@/q*"]
        virtio_fs_extra_args = ["-d"]
        enable_annotations = ["default_.*", "^kernel_params$", "path", "virtio_fs_extra_args", "bogus", "enable_[a-z]+"]
        [hypervisor.clh]
        path = ""
        [agent.kata]
        [runtime]
        hypervisor_name = "qemu"
        agent_name = "kata"
        """;

    private readonly ConfigurationDirectory _directory = new();

    [TestCleanup]
    public void CleanUp() => _directory.Dispose();

    [TestMethod]
    public void Apply_EnabledOnes_ChangeTheConfiguration()
    {
        var configuration = Load(
            (Hypervisor + "default_vcpus", "2.5"), (Hypervisor + "default_memory", "1Gi"), (Hypervisor + "kernel_params", "a=2 c"),
            (Hypervisor + "virtio_fs_extra_args", "--x,--y"), (Hypervisor + "enable_hugepages", "true"));
        Assert.AreEqual((3, 1024UL), (configuration.Hypervisor.Vcpus, configuration.Hypervisor.MemoryMib));
        Assert.AreEqual("quiet a=2 b=\"x y\" c", configuration.Hypervisor.KernelParameters);
        CollectionAssert.AreEqual(new[] { "-d", "--x", "--y" }, configuration.SharedFs.ExtraArguments.ToArray());
        Assert.IsTrue(configuration.Hypervisor.HugePages);
        Assert.IsEmpty(configuration.Warnings);
    }

    [TestMethod]
    public void Apply_NotEnabled_IsIgnoredWithTheListToEdit()
    {
        var configuration = Load((Hypervisor + "machine_type", "microvm"));
        Assert.AreEqual("", configuration.Hypervisor.MachineType);
        StringAssert.Contains(configuration.Warnings.Single(), $"enable_annotations ({_directory.ConfigPath}:8)");
    }

    [TestMethod]
    public void Apply_EnabledButUnknown_Fails() => AssertFails("no such setting exists", (Hypervisor + "bogus", "1"));

    [TestMethod]
    public void Apply_Path_MustMatchAPattern()
    {
        Assert.AreEqual($"{_directory.Root}/qemu", Load((Hypervisor + "path", $"{_directory.Root}/qemu")).Hypervisor.Path);
        AssertFails("matches no pattern of valid_hypervisor_paths", (Hypervisor + "path", "/bin/sh"));
        AssertFails("matches no pattern", (Hypervisor + "path", $"{_directory.Root}/q/../../bin/sh"));
        AssertFails("matches no pattern", (Hypervisor + "path", $"{_directory.Root}/q/x"));
    }

    [TestMethod]
    [DataRow("default_vcpus", "many")]
    [DataRow("default_vcpus", "-1")]
    [DataRow("default_memory", "1 bottle")]
    [DataRow("default_memory", "Gi")]
    [DataRow("enable_hugepages", "1")]
    public void Apply_BadValue_Fails(string name, string value) => AssertFails($"\"{value}\" is not", (Hypervisor + name, value));

    [TestMethod]
    public void Apply_RuntimeAndAgent_NeedNoEnabling()
    {
        var configuration = Load(
            ("io.katacontainers.config.runtime.disable_guest_seccomp", "true"), ("io.katacontainers.config.runtime.internetworking_model", "none"),
            ("io.katacontainers.config.agent.kernel_modules", "a x=1; b"), ("io.katacontainers.config.runtime.create_container_timeout", "5"),
            ("io.katacontainers.config.runtime.sandbox_bind_mounts", "/etc"), ("io.katacontainers.config.agent.policy", "x"));
        Assert.IsTrue(configuration.Runtime.DisableGuestSeccomp);
        Assert.AreEqual(NetworkModel.None, configuration.Runtime.NetworkModel);
        CollectionAssert.AreEqual(new[] { "a x=1", "b" }, configuration.Agent.KernelModules.ToArray());
        Assert.AreEqual(TimeSpan.FromSeconds(5), configuration.Agent.RequestTimeout);
        Assert.HasCount(2, configuration.Warnings);
    }

    [TestMethod]
    public void Apply_HypervisorName_SelectsTheSection()
    {
        Assert.AreEqual("clh", Load(("io.katacontainers.config.runtime.hypervisor_name", "clh")).HypervisorName);
        AssertFails("There is no section [hypervisor.none]", ("io.katacontainers.config.runtime.hypervisor_name", "none"));
    }

    private KataConfiguration Load(params (string Key, string Value)[] annotations)
    {
        _directory.Write(File);
        return ConfigurationLoader.Load(
            new ConfigurationRequest
            {
                ConfigPath = _directory.ConfigPath,
                Annotations = annotations.ToDictionary(entry => entry.Key, entry => entry.Value),
                Host = new HostLimits(8, 16384),
            },
            [new FakeProvider("qemu"), new FakeProvider("clh")]);
    }

    private void AssertFails(string expected, params (string Key, string Value)[] annotations) =>
        StringAssert.Contains(Assert.ThrowsExactly<ConfigurationException>(() => Load(annotations)).Message, expected);
}
