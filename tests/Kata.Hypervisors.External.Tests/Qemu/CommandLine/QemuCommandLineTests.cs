using Kata.Abstractions.Configuration;
using Kata.Abstractions.Devices;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Hypervisors.External.Qemu.Devices;
using Kata.Hypervisors.External.Tests.Support;

namespace Kata.Hypervisors.External.Tests.Qemu.CommandLine;

[TestClass]
public sealed class QemuCommandLineTests
{
    private static readonly Accelerator Tcg = new("tcg", "no KVM");

    private static HypervisorConfiguration Configuration { get; } = new() { Path = "/usr/bin/qemu", Kernel = "/boot/vmlinuz", Initrd = "/boot/initrd.img" };

    [TestMethod]
    public void Build_Q35WithKvmAndSharedDirectory_IsExactlyThis()
    {
        var configuration = Configuration with
        {
            Vcpus = 2,
            MaxVcpus = 4,
            MaxMemoryMib = 4096,
            CpuFeatures = "pmu=off",
            MachineAccelerators = "dump-guest-core=off,",
            SeccompSandbox = "on,spawn=deny",
            KernelParameters = "agent.log=debug",
        };
        CollectionAssert.AreEqual(
            (string[])
            [
                "-name", "sandbox-abc,debug-threads=on",
                "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
                "-machine", "q35,accel=kvm,memory-backend=mem,usb=off,sata=off,smbus=off,vmport=off,smm=off,hpet=off,dump-guest-core=off",
                "-cpu", "host,pmu=off",
                "-smp", "cpus=2,maxcpus=4",
                "-m", "size=2048M,slots=10,maxmem=4096M",
                "-object", """{"qom-type":"memory-backend-memfd","id":"mem","size":2147483648,"share":true}""",
                "-kernel", "/boot/vmlinuz",
                "-initrd", "/boot/initrd.img",
                "-append",
                "reboot=k panic=1 systemd.unit=kata-containers.target systemd.mask=systemd-networkd.service"
                + " systemd.mask=systemd-networkd.socket console=ttyS0 cryptomgr.notests swiotlb=noforce quiet agent.log=debug",
                "-rtc", "base=utc,clock=host",
                "-sandbox", "on,spawn=deny",
                "-device",
                """{"driver":"pci-bridge","id":"pci-bridge-0","bus":"pcie.0","addr":"0x2","chassis_nr":1,"shpc":false,"io-reserve":4096,"mem-reserve":1048576,"pref64-reserve":1048576}""",
                "-chardev", "socket,id=fs-shared,path=/run/a,,b/fs.sock",
                "-device", """{"driver":"vhost-user-fs-pci","id":"dev-shared","bus":"pcie.0","addr":"0x1","chardev":"fs-shared","tag":"kataShared","queue-size":512}""",
                "-device", """{"driver":"fake-vsock","id":"vsock","bus":"pcie.0","addr":"0x3"}""",
                "-object", """{"qom-type":"rng-builtin","id":"rng0"}""",
                "-device", """{"driver":"virtio-rng-pci","id":"rng","rng":"rng0","bus":"pcie.0","addr":"0x4","disable-legacy":"on"}""",
            ],
            Build(configuration, Accelerator.Kvm, slots => new QemuSharedFileSystem(
                new SharedFileSystemDevice { Id = "shared", Tag = "kataShared", SocketPath = "/run/a,b/fs.sock", QueueSize = 512 }, slots.TakeRoot())));
    }

    [TestMethod]
    public void Build_MicrovmWithTcgAndDisk_IsExactlyThis()
    {
        using var directory = new TemporaryDirectory();
        var disk = new BlockDevice { Id = "0", HostPath = directory.File("disk.img"), ReadOnly = true, Serial = "serial" };
        CollectionAssert.AreEqual(
            (string[])
            [
                "-name", "sandbox-abc,debug-threads=on",
                "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
                "-machine", "microvm,accel=tcg,memory-backend=mem,pcie=on,acpi=on,auto-kernel-cmdline=off",
                "-cpu", "max",
                "-smp", "cpus=1",
                "-m", "size=2048M",
                "-object", """{"qom-type":"memory-backend-ram","id":"mem","size":2147483648,"share":false}""",
                "-kernel", "/boot/vmlinuz",
                "-initrd", "/boot/initrd.img",
                "-append",
                "reboot=t panic=1 systemd.unit=kata-containers.target systemd.mask=systemd-networkd.service"
                + " systemd.mask=systemd-networkd.socket console=ttyS0 cryptomgr.notests swiotlb=noforce quiet no_timer_check tsc_early_khz=2600000 tsc=reliable",
                "-rtc", "base=utc,clock=host",
                "-add-fd", "fd=3,set=7",
                "-blockdev",
                """{"driver":"file","node-name":"disk7","filename":"/dev/fdset/7","aio":"threads","cache":{"direct":false},"read-only":true,"force-share":true}""",
                "-device",
                """{"driver":"virtio-blk-pci","id":"dev-0","bus":"pcie.0","addr":"0x1","drive":"disk7","disable-legacy":"on","config-wce":false,"share-rw":false,"discard":false,"serial":"serial"}""",
                "-device", """{"driver":"fake-vsock","id":"vsock","bus":"pcie.0","addr":"0x2"}""",
                "-object", """{"qom-type":"rng-builtin","id":"rng0"}""",
                "-device", """{"driver":"virtio-rng-pci","id":"rng","rng":"rng0","bus":"pcie.0","addr":"0x3","disable-legacy":"on"}""",
            ],
            Build(
                Configuration with { MachineType = "microvm", MaxVcpus = 4, MaxMemoryMib = 4096, Bridges = 0 },
                Tcg,
                // Linux AIO needs O_DIRECT, which this disk does not have.
                slots => new QemuBlockDevice(disk, slots.TakeRoot(), 7, "native")));
    }

    [TestMethod]
    public void Build_VsockOfThisProcess_SharesMemory()
    {
        var arguments = Build(Configuration, Tcg, device: null, vsockNeedsSharedMemory: true);
        Assert.IsTrue(arguments.Exists(argument => argument.Contains("memory-backend-memfd", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Build_HugePagesAndPrealloc_AreTheBackends()
    {
        var arguments = Build(Configuration with { HugePages = true, MemoryPrealloc = true }, Tcg, device: null);
        CollectionAssert.Contains(
            arguments, """{"qom-type":"memory-backend-memfd","id":"mem","size":2147483648,"share":false,"hugetlb":true,"prealloc":true}""");
    }

    [TestMethod]
    [DataRow("ext4", "root=/dev/vda1 rootfstype=ext4 rootflags=data=ordered,errors=remount-ro ro")]
    [DataRow("erofs", "root=/dev/vda1 rootfstype=erofs ro")]
    public void KernelCommandLine_Image_NamesTheRootDisk(string type, string expected)
    {
        var line = KernelCommandLine.Build(
            Configuration with { Initrd = "", Image = "/image", RootfsType = type, KernelParameters = " a=\"b c\" ", Debug = true },
            QemuMachine.Of(Configuration), Accelerator.Kvm, null);
        StringAssert.EndsWith(line, $"console=ttyS0 cryptomgr.notests swiotlb=noforce {expected} a=\"b c\"", StringComparison.Ordinal);
    }

    [TestMethod]
    public void KernelCommandLine_TcgWithUnknownFrequency_LeavesTheTscToTheKernel()
    {
        var line = KernelCommandLine.Build(Configuration, QemuMachine.Of(Configuration), Tcg, null);
        StringAssert.Contains(line, "no_timer_check", StringComparison.Ordinal);
        Assert.IsFalse(line.Contains("tsc", StringComparison.Ordinal), line);
    }

    private static List<string> Build(
        HypervisorConfiguration configuration, Accelerator accelerator, Func<PciSlots, QemuDevice>? device, bool vsockNeedsSharedMemory = false)
    {
        using var arguments = new QemuArguments();
        var slots = new PciSlots(configuration.Bridges);
        var launch = new QemuLaunch
        {
            SandboxId = "abc",
            Configuration = configuration,
            Machine = QemuMachine.Of(configuration),
            Accelerator = accelerator,
            TscKilohertz = accelerator.IsKvm ? null : 2_600_000,
            Slots = slots,
            Vsock = new FakeVsock(vsockNeedsSharedMemory),
            Devices = device is null ? [] : [device(slots)],
        };
        QemuCommandLine.Build(launch, arguments);
        return [.. arguments.Arguments];
    }
}
