using Kata.Abstractions;
using Kata.Abstractions.Capabilities;
using Kata.Abstractions.Configuration;
using Kata.Hypervisors.External.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Hypervisors.External.Tests;

[TestClass]
public sealed class QemuProviderTests : IDisposable
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserExecute;

    private readonly TemporaryDirectory _directory = new();
    private readonly QemuProvider _provider = new();

    private HypervisorConfiguration Good => new()
    {
        Path = _directory.File("qemu", mode: Executable),
        Kernel = _directory.File("vmlinuz"),
        Initrd = _directory.File("initrd"),
        Source = "/etc/kata/configuration.toml:3",
    };

    public void Dispose() => _directory.Dispose();

    [TestMethod]
    public void Validate_Good_Passes()
    {
        _provider.Validate(Good);
        _provider.Validate(Good with { MachineType = "microvm" });
        _provider.Validate(Good with { MachineType = "pc-q35-7.2", Initrd = "", Image = _directory.File("image") });
    }

    [TestMethod]
    [DynamicData(nameof(Mistakes))]
    public void Validate_Mistake_NamesKeyAndPlace(string key, string says, Func<HypervisorConfiguration, string, HypervisorConfiguration> mistake)
    {
        var error = Assert.ThrowsExactly<ConfigurationException>(() => _provider.Validate(mistake(Good, _directory.Path)));
        Assert.AreEqual($"hypervisor.qemu.{key}", error.Key);
        StringAssert.StartsWith(error.Message, "/etc/kata/configuration.toml:3: hypervisor.qemu.", StringComparison.Ordinal);
        StringAssert.Contains(error.Problem, says, StringComparison.Ordinal);
    }

    [TestMethod]
    public void Create_MachineType_DecidesWhatItCanDo()
    {
        var q35 = Create(Good);
        Assert.IsInstanceOfType<IVcpuHotplug>(q35);
        Assert.IsInstanceOfType<IMemoryHotplug>(q35);
        Assert.IsInstanceOfType<IPausable>(q35);
        Assert.IsTrue(_provider.GetCapabilities(Good).HasFlag(HypervisorCapabilities.BlockDeviceHotplug));
        Assert.IsFalse(_provider.GetCapabilities(Good with { Bridges = 0 }).HasFlag(HypervisorCapabilities.BlockDeviceHotplug));

        var microvm = Good with { MachineType = "microvm" };
        Assert.IsNotInstanceOfType<IVcpuHotplug>(Create(microvm));
        Assert.IsInstanceOfType<IPausable>(Create(microvm));
        Assert.AreEqual(HypervisorCapabilities.BlockDevice | HypervisorCapabilities.SharedFileSystem, _provider.GetCapabilities(microvm));
    }

    [TestMethod]
    public async Task StartAsync_PathIsNoQemu_TellsWhatItSaidAndLeavesNothing()
    {
        var script = _directory.File("qemu.sh", "#!/bin/sh\necho 'no such machine' >&2\nexit 3\n", Executable);
        var run = Directory.CreateDirectory(Path.Combine(_directory.Path, "run")).FullName;
        await using var hypervisor = Create(Good with { Path = script }, run);
        await hypervisor.PrepareAsync(CancellationToken.None);
        var error = await Assert.ThrowsExactlyAsync<HypervisorException>(async () => await hypervisor.StartAsync(CancellationToken.None));
        Assert.AreEqual("QEMU did not start: no such machine", error.Message);
        Assert.AreEqual(VmExitReason.VmmFailure, (await hypervisor.Exited).Reason);
        await hypervisor.DisposeAsync();
        Assert.AreEqual(0, Directory.GetFileSystemEntries(run).Length);
    }

    [TestMethod]
    public async Task StartAsync_Cancelled_EndsTheProcess()
    {
        var script = _directory.File("qemu.sh", "#!/bin/sh\nexec sleep 1000\n", Executable);
        await using var hypervisor = Create(Good with { Path = script }, _directory.Path);
        await hypervisor.PrepareAsync(CancellationToken.None);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await hypervisor.StartAsync(cancellation.Token));
        Assert.AreEqual(137, (await hypervisor.Exited).Status);
        Assert.IsFalse(Directory.Exists($"/proc/{hypervisor.State.MainProcessId}"));
    }

    [TestMethod]
    public async Task StopAsync_WhileStarting_EndsTheStart()
    {
        var script = _directory.File("qemu.sh", "#!/bin/sh\nexec sleep 1000\n", Executable);
        await using var hypervisor = Create(Good with { Path = script }, _directory.Path);
        await hypervisor.PrepareAsync(CancellationToken.None);
        var start = hypervisor.StartAsync(CancellationToken.None).AsTask();
        await hypervisor.StopAsync(TimeSpan.Zero, CancellationToken.None);
        await Assert.ThrowsAsync<HypervisorException>(() => start);
        Assert.AreEqual(VmExitReason.Stopped, (await hypervisor.Exited).Reason);
    }

    [TestMethod]
    public async Task DisposeAsync_NeverStarted_CompletesExited()
    {
        var hypervisor = Create(Good, _directory.Path);
        await hypervisor.PrepareAsync(CancellationToken.None);
        await hypervisor.StopAsync(TimeSpan.FromSeconds(1), CancellationToken.None);
        await hypervisor.DisposeAsync();
        Assert.AreEqual(VmExitReason.Stopped, (await hypervisor.Exited).Reason);
        await Assert.ThrowsAsync<HypervisorException>(async () => await hypervisor.StartAsync(CancellationToken.None));
    }

    private static IEnumerable<(string Key, string Says, Func<HypervisorConfiguration, string, HypervisorConfiguration> Mistake)> Mistakes =>
    [
        ("path", "Not set", (c, _) => c with { Path = "" }),
        ("path", "not an absolute path", (c, _) => c with { Path = "qemu" }),
        ("path", "does not exist", (c, _) => c with { Path = "/nonexistent/qemu" }),
        ("path", "not executable", (c, _) => c with { Path = c.Kernel }),
        ("kernel", "Not set", (c, _) => c with { Kernel = "" }),
        ("kernel", "/nonexistent/vmlinuz does not exist", (c, _) => c with { Kernel = "/nonexistent/vmlinuz" }),
        ("kernel", "is not a file", (c, directory) => c with { Kernel = directory }),
        ("initrd", "Neither", (c, _) => c with { Initrd = "" }),
        ("initrd", "does not exist", (c, _) => c with { Initrd = c.Initrd + "x" }),
        ("image", "exclude each other", (c, _) => c with { Image = c.Kernel }),
        ("rootfs_type", "btrfs", (c, _) => c with { Initrd = "", Image = c.Kernel, RootfsType = "btrfs" }),
        ("firmware", "does not exist", (c, _) => c with { Firmware = "/nonexistent/OVMF.fd" }),
        ("machine_type", "\"virt\" is not supported", (c, _) => c with { MachineType = "virt" }),
        ("machine_type", "is not supported", (c, _) => c with { MachineType = "pc-q35-7.2,accel=xen" }),
        ("default_vcpus", "0 vCPUs", (c, _) => c with { Vcpus = 0 }),
        ("default_vcpus", "300 vCPUs", (c, _) => c with { Vcpus = 300, MaxVcpus = 300 }),
        ("default_maxvcpus", "less than default_vcpus", (c, _) => c with { Vcpus = 2, MaxVcpus = 1 }),
        ("default_maxvcpus", "256 vCPUs", (c, _) => c with { MaxVcpus = 256 }),
        ("default_memory", "64 MiB are too few", (c, _) => c with { MemoryMib = 64 }),
        ("default_maxmemory", "less than default_memory", (c, _) => c with { MaxMemoryMib = 1024 }),
        ("memory_slots", "-1", (c, _) => c with { MemorySlots = -1 }),
        ("default_bridges", "9", (c, _) => c with { Bridges = 9 }),
        ("block_device_driver", "virtio-scsi", (c, _) => c with { BlockDeviceDriver = "virtio-scsi" }),
        ("block_device_aio", "magic", (c, _) => c with { BlockDeviceAio = "magic" }),
        ("kernel_params", "control characters", (c, _) => c with { KernelParameters = "a\nb" }),
        ("kernel_params", "more than the kernel takes", (c, _) => c with { KernelParameters = new string('a', 2000) }),
    ];

    private IHypervisor Create(HypervisorConfiguration configuration, string? runDirectory = null) => _provider.Create(new HypervisorContext
    {
        SandboxId = "test",
        Configuration = configuration,
        RunDirectory = runDirectory ?? _directory.Path,
        Logger = NullLogger.Instance,
    });
}
