using Kata.Abstractions;
using Kata.Abstractions.Configuration;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Linux;

namespace Kata.Hypervisors.External.Qemu;

/// <summary>Checks a configuration before anything is started, so that a mistake is named by its key and not by QEMU.</summary>
internal static class QemuConfiguration
{
    private const string Section = "hypervisor." + QemuProvider.ProviderName;

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
        var machine = QemuMachine.Of(configuration);
        CheckFile(configuration, "path", configuration.Path, "the QEMU binary, e.g. /usr/bin/qemu-system-x86_64");
        const uint AnyExecute = 0x49; // 0111
        if ((FileDescriptors.Status(configuration.Path)!.Value.Mode & AnyExecute) == 0)
            throw Error(configuration, "path", $"{configuration.Path} is not executable.");
        CheckFile(configuration, "kernel", configuration.Kernel, "the guest's kernel, e.g. a distribution's vmlinuz");
        CheckRoot(configuration);
        if (configuration.Firmware.Length > 0)
            CheckFile(configuration, "firmware", configuration.Firmware, "a firmware image");
        CheckSizes(configuration);
        CheckBlockDevices(configuration);
        CheckKernelParameters(configuration, machine);
    }

    /// <summary>An error about a key of the section.</summary>
    public static ConfigurationException Error(HypervisorConfiguration configuration, string key, string problem, Exception? cause = null) =>
        new($"{Section}.{key}", configuration.Source, problem, cause);

    private static void CheckRoot(HypervisorConfiguration configuration)
    {
        switch (configuration.Initrd.Length > 0, configuration.Image.Length > 0)
        {
            case (true, true):
                throw Error(configuration, "image", "image and initrd exclude each other; remove one of them.");
            case (false, false):
                throw Error(configuration, "initrd", "Neither initrd nor image is set; the guest needs one of them.");
            case (true, false):
                CheckFile(configuration, "initrd", configuration.Initrd, "the guest's initial RAM disk");
                break;
            default:
                CheckFile(configuration, "image", configuration.Image, "the guest's root disk");
                if (configuration.RootfsType is not ("ext4" or "xfs" or "erofs"))
                    throw Error(configuration, "rootfs_type", $"\"{configuration.RootfsType}\" is not supported; use ext4, xfs or erofs.");
                break;
        }
    }

    private static void CheckSizes(HypervisorConfiguration configuration)
    {
        if (configuration.Vcpus is < 1 or > MostVcpus)
            throw Error(configuration, "default_vcpus", $"{configuration.Vcpus} vCPUs are not possible; use 1 to {MostVcpus}.");
        if (configuration.MaxVcpus < configuration.Vcpus || configuration.MaxVcpus > MostVcpus)
            throw Error(configuration, "default_maxvcpus", $"{configuration.MaxVcpus} must be between default_vcpus ({configuration.Vcpus}) and {MostVcpus}.");
        if (configuration.MemoryMib < LeastMemoryMib)
            throw Error(configuration, "default_memory", $"{configuration.MemoryMib} MiB are too few; at least {LeastMemoryMib} MiB are needed.");
        if (configuration.MaxMemoryMib != 0 && configuration.MaxMemoryMib < configuration.MemoryMib)
            throw Error(configuration, "default_maxmemory", $"{configuration.MaxMemoryMib} MiB are less than default_memory ({configuration.MemoryMib} MiB).");
        if (configuration.MemorySlots is < 0 or > MostMemorySlots)
            throw Error(configuration, "memory_slots", $"{configuration.MemorySlots} slots are not possible; use 0 to {MostMemorySlots}.");
        if (configuration.Bridges is < 0 or > Devices.PciSlots.MostBridges)
            throw Error(configuration, "default_bridges", $"{configuration.Bridges} bridges are not possible; use 0 to {Devices.PciSlots.MostBridges}.");
    }

    private static void CheckBlockDevices(HypervisorConfiguration configuration)
    {
        if (configuration.BlockDeviceDriver != "virtio-blk-pci")
            throw Error(configuration, "block_device_driver", $"\"{configuration.BlockDeviceDriver}\" is not supported with QEMU; use virtio-blk-pci.");
        if (configuration.BlockDeviceAio is not ("io_uring" or "native" or "threads"))
            throw Error(configuration, "block_device_aio", $"\"{configuration.BlockDeviceAio}\" is not supported; use io_uring, native or threads.");
    }

    private static void CheckKernelParameters(HypervisorConfiguration configuration, QemuMachine machine)
    {
        if (configuration.KernelParameters.Any(char.IsControl))
            throw Error(configuration, "kernel_params", "Line breaks and other control characters cannot be part of a kernel command line.");
        // The accelerator is not known yet: the longer variant has to fit.
        var longest = KernelCommandLine.Build(configuration, machine, new Accelerator("tcg", ""), long.MaxValue);
        if (longest.Length > KernelCommandLine.MaxLength)
        {
            throw Error(
                configuration, "kernel_params",
                $"The kernel command line has {longest.Length} characters, {longest.Length - KernelCommandLine.MaxLength} more than the kernel takes.");
        }
    }

    private static void CheckFile(HypervisorConfiguration configuration, string key, string path, string what)
    {
        if (path.Length == 0)
            throw Error(configuration, key, $"Not set; give the path of {what}.");
        if (!Path.IsPathRooted(path))
            throw Error(configuration, key, $"{path} is not an absolute path.");
        try
        {
            if (FileDescriptors.Status(path) is not { } status)
                throw Error(configuration, key, $"{path} does not exist; give the path of {what}.");
            if (status.Kind is not (FileKind.Regular or FileKind.BlockDevice))
                throw Error(configuration, key, $"{path} is not a file; give the path of {what}.");
            using var file = FileDescriptors.Open(path, OpenFlags.ReadOnly);
        }
        catch (LinuxException exception)
        {
            throw Error(configuration, key, $"{path} cannot be read: {exception.Message}.", exception);
        }
    }
}
