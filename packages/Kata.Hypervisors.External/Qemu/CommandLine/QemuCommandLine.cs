using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Kata.Abstractions.Configuration;

namespace Kata.Hypervisors.External.Qemu.CommandLine;

/// <summary>Puts QEMU's command line together.</summary>
internal static class QemuCommandLine
{
    private const string MemoryId = "mem";
    private const string RngId = "rng0";

    /// <summary>Adds everything but the process's own channels (QMP, console).</summary>
    public static void Build(QemuLaunch launch, QemuArguments arguments)
    {
        var configuration = launch.Configuration;
        arguments.Add("-name", $"sandbox-{QemuArguments.Escape(launch.SandboxId)},debug-threads=on");
        // Only what is asked for: no default devices, no files under /etc/qemu, no display, no second boot.
        arguments.Add("-no-user-config").Add("-nodefaults").Add("-display", "none").Add("-no-reboot");
        arguments.Add("-machine", MachineOptions(launch));
        arguments.Add("-cpu", Cpu(launch));
        arguments.Add("-smp", Smp(launch));
        AddMemory(launch, arguments);
        AddKernel(launch, arguments);
        arguments.Add("-rtc", "base=utc,clock=host");
        if (configuration.SeccompSandbox.Length > 0)
            arguments.Add("-sandbox", configuration.SeccompSandbox);
        if (launch.Machine.CanHotplug)
        {
            foreach (var bridge in launch.Slots.Bridges)
                arguments.Add("-device", bridge);
        }

        foreach (var device in launch.Devices)
            device.AddTo(arguments);
        launch.Vsock.AddTo(arguments, launch.Slots.TakeRoot());
        AddRng(launch, arguments);
    }

    /// <summary>Adds the monitor on <paramref name="qmp"/> and the guest's serial console on <paramref name="console"/>.</summary>
    public static void AddChannels(QemuArguments arguments, string qmp, string console)
    {
        arguments.Add("-chardev", $"socket,id=qmp,fd={qmp}").Add("-mon", "chardev=qmp,mode=control");
        arguments.Add("-chardev", $"socket,id=console,fd={console}").Add("-serial", "chardev:console");
    }

    private static string MachineOptions(QemuLaunch launch)
    {
        var options = new StringBuilder($"{launch.Machine.Type},accel={launch.Accelerator.Name},memory-backend={MemoryId},{launch.Machine.Options}");
        // With KVM the guest has kvm-clock; without, the HPET is what a kernel can check its time stamp counter against.
        if (launch.Accelerator.IsKvm && launch.Machine.CanHotplug)
            options.Append(",hpet=off");
        if (launch.Configuration.MachineAccelerators.Trim(' ', ',') is { Length: > 0 } more)
            options.Append(',').Append(more);
        return options.ToString();
    }

    private static string Cpu(QemuLaunch launch) =>
        launch.Configuration.CpuFeatures.Trim(' ', ',') is { Length: > 0 } features
            ? $"{launch.Accelerator.CpuModel},{features}"
            : launch.Accelerator.CpuModel;

    private static string Smp(QemuLaunch launch)
    {
        var (count, most) = (launch.Configuration.Vcpus, launch.Configuration.MaxVcpus);
        return launch.Machine.CanHotplug && most > count
            ? string.Create(CultureInfo.InvariantCulture, $"cpus={count},maxcpus={most}")
            : string.Create(CultureInfo.InvariantCulture, $"cpus={count}");
    }

    private static void AddMemory(QemuLaunch launch, QemuArguments arguments)
    {
        var configuration = launch.Configuration;
        var size = string.Create(CultureInfo.InvariantCulture, $"size={configuration.MemoryMib}M");
        if (CanGrow(launch))
            size += string.Create(CultureInfo.InvariantCulture, $",slots={configuration.MemorySlots},maxmem={configuration.MaxMemoryMib}M");
        arguments.Add("-m", size);
        arguments.Add("-object", MemoryBackend(MemoryId, configuration.MemoryMib, configuration, launch.SharedMemory));
    }

    /// <summary>A block of guest memory.</summary>
    public static JsonObject MemoryBackend(string id, ulong mib, HypervisorConfiguration configuration, bool shared)
    {
        var backend = new JsonObject
        {
            ["qom-type"] = shared || configuration.HugePages ? "memory-backend-memfd" : "memory-backend-ram",
            ["id"] = id,
            ["size"] = mib << 20,
            ["share"] = shared,
        };
        if (configuration.HugePages)
            backend["hugetlb"] = true;
        if (configuration.MemoryPrealloc)
            backend["prealloc"] = true;
        return backend;
    }

    private static bool CanGrow(QemuLaunch launch) =>
        launch.Machine.CanHotplug && launch.Configuration.MemorySlots > 0 && launch.Configuration.MaxMemoryMib > launch.Configuration.MemoryMib;

    private static void AddKernel(QemuLaunch launch, QemuArguments arguments)
    {
        var configuration = launch.Configuration;
        arguments.Add("-kernel", configuration.Kernel);
        if (configuration.Initrd.Length > 0)
            arguments.Add("-initrd", configuration.Initrd);
        arguments.Add("-append", KernelCommandLine.Build(configuration, launch.Machine, launch.Accelerator, launch.TscKilohertz));
        if (configuration.Firmware.Length > 0)
            arguments.Add("-bios", configuration.Firmware);
    }

    private static void AddRng(QemuLaunch launch, QemuArguments arguments)
    {
        var slot = launch.Slots.TakeRoot();
        arguments.Add("-object", new JsonObject { ["qom-type"] = "rng-builtin", ["id"] = RngId });
        arguments.Add(
            "-device",
            new JsonObject
            {
                ["driver"] = "virtio-rng-pci",
                ["id"] = "rng",
                ["rng"] = RngId,
                ["bus"] = slot.Bus,
                ["addr"] = slot.Address,
                ["disable-legacy"] = "on",
            });
    }
}
