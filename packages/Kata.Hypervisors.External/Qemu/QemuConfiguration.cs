using Kata.Abstractions;
using Kata.Abstractions.Configuration;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Linux;

namespace Kata.Hypervisors.External.Qemu;

/// <summary>Checks a configuration before anything is started, so that a mistake is named by its key and not by QEMU.</summary>
internal static class QemuConfiguration
{
    /// <summary>Room the kernel itself needs to unpack and start.</summary>
    private const ulong LeastMemoryMib = 128;

    /// <summary>The most vCPUs of q35 and microvm without an emulated IOMMU: APIC ids are 8 bits wide, 255 is broadcast.</summary>
    private const int MostVcpus = 255;

    /// <summary>QEMU's limit for <c>slots</c> (ACPI_MAX_RAM_SLOTS).</summary>
    private const int MostMemorySlots = 256;

    /// <summary>Checks what can be checked without touching the host beyond reading files.</summary>
    /// <exception cref="ConfigurationException">The first value that cannot be used.</exception>
    public static void Validate(HypervisorConfiguration configuration)
    {
        var check = Check(configuration);
        var machine = QemuMachine.Of(configuration);
        check.File("path", configuration.Path, "the QEMU binary, e.g. /usr/bin/qemu-system-x86_64");
        const uint AnyExecute = 0x49; // 0111
        if ((FileDescriptors.Status(configuration.Path)!.Value.Mode & AnyExecute) == 0)
            throw check.Error("path", $"{configuration.Path} is not executable.");
        check.Boot();
        if (configuration.Firmware.Length > 0)
            check.File("firmware", configuration.Firmware, "a firmware image");
        check.Sizes(MostVcpus, LeastMemoryMib);
        if (configuration.MaxVcpus > MostVcpus)
            throw check.Error("default_maxvcpus", $"{configuration.MaxVcpus} vCPUs are not possible; use at most {MostVcpus}.");
        if (configuration.MemorySlots is < 0 or > MostMemorySlots)
            throw check.Error("memory_slots", $"{configuration.MemorySlots} slots are not possible; use 0 to {MostMemorySlots}.");
        if (configuration.Bridges is < 0 or > Devices.PciSlots.MostBridges)
            throw check.Error("default_bridges", $"{configuration.Bridges} bridges are not possible; use 0 to {Devices.PciSlots.MostBridges}.");
        if (configuration.BlockDeviceDriver != "virtio-blk-pci")
            throw check.Error("block_device_driver", $"\"{configuration.BlockDeviceDriver}\" is not supported with QEMU; use virtio-blk-pci.");
        if (configuration.BlockDeviceAio is not ("io_uring" or "native" or "threads"))
            throw check.Error("block_device_aio", $"\"{configuration.BlockDeviceAio}\" is not supported; use io_uring, native or threads.");
        // The accelerator is not known yet: the longer variant has to fit.
        check.KernelParameters(KernelCommandLine.Build(configuration, machine, new Accelerator("tcg", ""), long.MaxValue));
    }

    /// <summary>An error about a key of the section.</summary>
    public static ConfigurationException Error(HypervisorConfiguration configuration, string key, string problem) =>
        Check(configuration).Error(key, problem);

    private static HypervisorConfigurationCheck Check(HypervisorConfiguration configuration) =>
        new(QemuProvider.ProviderName, configuration, FileSystem.WhyUnreadable);
}
