using Kata.Abstractions;
using Kata.Abstractions.Capabilities;
using Kata.Abstractions.Configuration;
using Kata.Abstractions.Devices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Vmm.Dragonball.Tests.Adapter;

[TestClass]
public sealed class DragonballProviderTests
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kata-dragonball-");
    private readonly DragonballProvider _provider = new();

    private HypervisorConfiguration Good => new()
    {
        Kernel = FileNamed("vmlinuz"),
        Initrd = FileNamed("initrd"),
        Source = "/etc/kata/configuration.toml:3",
    };

    [TestCleanup]
    public void CleanUp() => _directory.Delete(recursive: true);

    [TestMethod]
    public void Validate_Good_Passes()
    {
        _provider.Validate(Good);
        _provider.Validate(Good with { BlockDeviceDriver = "virtio-blk-mmio", Bridges = 0 });
        _provider.Validate(Good with { Initrd = "", Image = FileNamed("image"), RootfsType = "erofs" });
        _provider.Validate(Good with { OtherKeys = new Dictionary<string, string> { ["ctlpath"] = "", ["enable_iommu"] = "false" } });
    }

    [TestMethod]
    [DynamicData(nameof(Mistakes))]
    public void Validate_Mistake_NamesKeyAndPlace(string key, string says, Func<HypervisorConfiguration, string, HypervisorConfiguration> mistake)
    {
        var error = Assert.ThrowsExactly<ConfigurationException>(() => _provider.Validate(mistake(Good, _directory.FullName)));
        Assert.AreEqual($"hypervisor.dragonball.{key}", error.Key);
        StringAssert.StartsWith(error.Message, "/etc/kata/configuration.toml:3: hypervisor.dragonball.", StringComparison.Ordinal);
        StringAssert.Contains(error.Problem, says, StringComparison.Ordinal);
    }

    [TestMethod]
    public void Capabilities_AreThoseAtBootOnly()
    {
        var capabilities = _provider.GetCapabilities(Good);
        Assert.AreEqual(
            HypervisorCapabilities.BlockDevice | HypervisorCapabilities.SharedFileSystem | HypervisorCapabilities.InlineSharedFileSystem, capabilities);
        var hypervisor = Create();
        Assert.IsInstanceOfType<IPausable>(hypervisor);
        Assert.IsNotInstanceOfType<IVcpuHotplug>(hypervisor);
        Assert.IsNotInstanceOfType<IMemoryHotplug>(hypervisor);
    }

    [TestMethod]
    public async Task AddDeviceAsync_Disks_AreNamedInTheirOrder()
    {
        await using var hypervisor = Create();
        var first = await hypervisor.AddDeviceAsync(Disk("image"), CancellationToken.None);
        var network = await hypervisor.AddDeviceAsync(
            new NetworkDevice { Id = "eth0", TapName = "tap0_kata", MacAddress = "02:00:00:00:00:01" }, CancellationToken.None);
        var second = await hypervisor.AddDeviceAsync(Disk("data"), CancellationToken.None);

        Assert.AreEqual(new DeviceNodeAddress("/dev/vda"), first.Address);
        Assert.AreEqual(new NoAddress(), network.Address);
        Assert.AreEqual(new DeviceNodeAddress("/dev/vdb"), second.Address);
        var twice = await Assert.ThrowsExactlyAsync<HypervisorException>(async () => await hypervisor.AddDeviceAsync(Disk("data"), CancellationToken.None));
        Assert.AreEqual(KataErrorKind.AlreadyExists, twice.Kind);
    }

    [TestMethod]
    public async Task RemoveDeviceAsync_OfBoot_IsRefused_OfNothing_DoesNothing()
    {
        await using var hypervisor = Create();
        await hypervisor.AddDeviceAsync(Disk("image"), CancellationToken.None);
        await hypervisor.RemoveDeviceAsync("unknown", CancellationToken.None);
        await Assert.ThrowsExactlyAsync<NotSupportedByHypervisorException>(
            async () => await hypervisor.RemoveDeviceAsync("image", CancellationToken.None));
    }

    [TestMethod]
    public async Task DisposeAsync_NeverStarted_CompletesExited()
    {
        var hypervisor = Create();
        Assert.AreEqual(0, hypervisor.State.MainProcessId);
        await hypervisor.StopAsync(TimeSpan.FromSeconds(1), CancellationToken.None);
        await hypervisor.DisposeAsync();
        Assert.AreEqual(VmExitReason.Stopped, (await hypervisor.Exited).Reason);
        await Assert.ThrowsAsync<HypervisorException>(async () => await hypervisor.StartAsync(CancellationToken.None));
    }

    [TestMethod]
    public async Task PrepareAsync_TellsWhatTheHostLacks()
    {
        var findings = MicroVm.CheckHost();
        if (findings.FirstOrDefault(finding => finding.IsFatal) is { } problem)
            Assert.Inconclusive($"needs KVM: {problem.Problem}");
        var logger = new LineLogger();
        await using var hypervisor = Create(logger);
        await hypervisor.PrepareAsync(CancellationToken.None);
        CollectionAssert.AreEqual(findings.Select(finding => $"This host may not do for VMs: {finding.Problem}").ToList(), logger.Lines);
    }

    /// <summary>A later clean-up must not end a process for a VM that was inside of another one.</summary>
    [TestMethod]
    public async Task State_NamesNoProcessToClean()
    {
        await using var hypervisor = Create();
        Assert.IsEmpty(hypervisor.State.Processes);
        Assert.AreEqual("dragonball", hypervisor.State.Provider);
        await _provider.CleanUpAsync(hypervisor.State with { MainProcessId = Environment.ProcessId }, CancellationToken.None);
    }

    [TestMethod]
    public void GuestEndpoint_IsTheHybridSocketOfTheRunDirectory() =>
        Assert.AreEqual($"hvsock://{_directory.FullName}/kata.hvsock:1024", Create().GuestEndpoint.ForPort(1024));

    private static IEnumerable<(string Key, string Says, Func<HypervisorConfiguration, string, HypervisorConfiguration> Mistake)> Mistakes =>
    [
        ("path", "no meaning", (c, _) => c with { Path = "/usr/bin/qemu-system-x86_64" }),
        ("ctlpath", "no meaning", (c, _) => With(c, "ctlpath", "/usr/bin/dbctl")),
        ("jailer_path", "no meaning", (c, _) => With(c, "jailer_path", "/usr/bin/jailer")),
        ("firmware", "no meaning", (c, _) => c with { Firmware = "/usr/share/OVMF.fd" }),
        ("machine_type", "no meaning", (c, _) => c with { MachineType = "q35" }),
        ("machine_accelerators", "no meaning", (c, _) => c with { MachineAccelerators = "usb=off" }),
        ("enable_iommu", "IOMMU", (c, _) => With(c, "enable_iommu", "true")),
        ("enable_iothreads", "I/O threads", (c, _) => With(c, "enable_iothreads", "true")),
        ("rootless", "process of its own", (c, _) => With(c, "rootless", "true")),
        ("confidential_guest", "confidential", (c, _) => With(c, "confidential_guest", "true")),
        ("kernel", "Not set", (c, _) => c with { Kernel = "" }),
        ("kernel", "/nonexistent/vmlinuz does not exist", (c, _) => c with { Kernel = "/nonexistent/vmlinuz" }),
        ("kernel", "is not a file", (c, directory) => c with { Kernel = directory }),
        ("kernel", "is not a file", (c, _) => c with { Kernel = "/dev/null" }),
        ("kernel", "not an absolute path", (c, _) => c with { Kernel = "vmlinuz" }),
        ("initrd", "Neither", (c, _) => c with { Initrd = "" }),
        ("initrd", "does not exist", (c, _) => c with { Initrd = c.Initrd + "x" }),
        ("image", "exclude each other", (c, _) => c with { Image = c.Kernel }),
        ("rootfs_type", "btrfs", (c, _) => c with { Initrd = "", Image = c.Kernel, RootfsType = "btrfs" }),
        ("default_vcpus", "0 vCPUs", (c, _) => c with { Vcpus = 0 }),
        ("default_vcpus", "255 vCPUs", (c, _) => c with { Vcpus = 255, MaxVcpus = 255 }),
        ("default_maxvcpus", "less than default_vcpus", (c, _) => c with { Vcpus = 2, MaxVcpus = 1 }),
        ("default_memory", "63 MiB are too few", (c, _) => c with { MemoryMib = 63 }),
        ("default_memory", "at most 1048576 MiB", (c, _) => c with { MemoryMib = (1 << 20) + 1 }),
        ("default_maxmemory", "less than default_memory", (c, _) => c with { MaxMemoryMib = 1024 }),
        ("block_device_driver", "virtio-scsi", (c, _) => c with { BlockDeviceDriver = "virtio-scsi" }),
        ("kernel_params", "control characters", (c, _) => c with { KernelParameters = "a\nb" }),
        ("kernel_params", "beyond ASCII", (c, _) => c with { KernelParameters = "a=\u00e4" }),
        ("kernel_params", "more than the kernel takes", (c, _) => c with { KernelParameters = new string('a', 2000) }),
    ];

    private static HypervisorConfiguration With(HypervisorConfiguration configuration, string key, string value) =>
        configuration with { OtherKeys = new Dictionary<string, string> { [key] = value } };

    private BlockDevice Disk(string name) => new() { Id = name, HostPath = FileNamed(name) };

    private string FileNamed(string name)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, "");
        return path;
    }

    private IHypervisor Create(ILogger? logger = null) => _provider.Create(new HypervisorContext
    {
        SandboxId = "test",
        Configuration = Good,
        RunDirectory = _directory.FullName,
        Logger = logger ?? NullLogger.Instance,
    });
}
