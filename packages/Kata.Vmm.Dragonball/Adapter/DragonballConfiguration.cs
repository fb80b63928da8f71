using Kata.Abstractions;
using Kata.Abstractions.Configuration;
using Kata.Linux;

namespace Kata.Vmm.Dragonball.Adapter;

/// <summary>Checks a <c>[hypervisor.dragonball]</c> section before anything is started, so that a mistake is named by its key.</summary>
internal static class DragonballConfiguration
{
    private const string Section = "hypervisor." + DragonballProvider.ProviderName;

    /// <summary>Kata's least for this hypervisor.</summary>
    private const ulong LeastMemoryMib = 64;

    /// <summary>APIC ids are 8 bits wide, 255 is broadcast, and one is the IOAPIC's.</summary>
    private const int MostVcpus = 254;

    /// <summary>Keys that are on or off, what they would need, and that this VMM has none of it.</summary>
    private static readonly (string Key, string Needs)[] UnsupportedFlags =
    [
        ("enable_iommu", "an IOMMU"),
        ("enable_iommu_platform", "an IOMMU"),
        ("enable_iothreads", "QEMU's I/O threads"),
        ("rootless", "a VMM process of its own"),
        ("confidential_guest", "a confidential guest"),
        ("sev_snp_guest", "a confidential guest"),
    ];

    /// <summary>Checks what can be checked without touching the host beyond reading files.</summary>
    /// <exception cref="ConfigurationException">The first value that cannot be used.</exception>
    public static void Validate(HypervisorConfiguration configuration)
    {
        // What an external VMM needs; upstream's files leave these empty too.
        CheckEmpty(configuration, "path", configuration.Path);
        CheckEmpty(configuration, "ctlpath", configuration.OtherKeys.GetValueOrDefault("ctlpath", ""));
        CheckEmpty(configuration, "jailer_path", configuration.OtherKeys.GetValueOrDefault("jailer_path", ""));
        CheckEmpty(configuration, "firmware", configuration.Firmware);
        CheckEmpty(configuration, "machine_type", configuration.MachineType);
        CheckEmpty(configuration, "machine_accelerators", configuration.MachineAccelerators);
        foreach (var (key, needs) in UnsupportedFlags)
        {
            if (configuration.OtherKeys.GetValueOrDefault(key) == "true")
                throw Error(configuration, key, $"The VM in the runtime's process has not got {needs}; remove the key or set it to false.");
        }

        CheckFile(configuration, "kernel", configuration.Kernel, "the guest's kernel, e.g. a distribution's vmlinuz");
        CheckRoot(configuration);
        CheckSizes(configuration);
        if (configuration.BlockDeviceDriver is not ("virtio-blk-pci" or "virtio-blk-mmio"))
        {
            throw Error(
                configuration, "block_device_driver",
                $"\"{configuration.BlockDeviceDriver}\" is not supported with Dragonball; use virtio-blk-mmio (virtio-blk-pci stands for the same).");
        }

        CheckKernelParameters(configuration);
    }

    private static ConfigurationException Error(HypervisorConfiguration configuration, string key, string problem, Exception? cause = null) =>
        new($"{Section}.{key}", configuration.Source, problem, cause);

    private static void CheckEmpty(HypervisorConfiguration configuration, string key, string value)
    {
        if (value.Length > 0)
            throw Error(configuration, key, $"\"{value}\" has no meaning for a VM in the runtime's own process; remove the key or leave it empty.");
    }

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
        if (configuration.MaxVcpus < configuration.Vcpus)
            throw Error(configuration, "default_maxvcpus", $"{configuration.MaxVcpus} are less than default_vcpus ({configuration.Vcpus}).");
        if (configuration.MemoryMib < LeastMemoryMib)
            throw Error(configuration, "default_memory", $"{configuration.MemoryMib} MiB are too few; at least {LeastMemoryMib} MiB are needed.");
        if (configuration.MaxMemoryMib != 0 && configuration.MaxMemoryMib < configuration.MemoryMib)
            throw Error(configuration, "default_maxmemory", $"{configuration.MaxMemoryMib} MiB are less than default_memory ({configuration.MemoryMib} MiB).");
    }

    private static void CheckKernelParameters(HypervisorConfiguration configuration)
    {
        if (configuration.KernelParameters.Any(char.IsControl))
            throw Error(configuration, "kernel_params", "Line breaks and other control characters cannot be part of a kernel command line.");
        var length = KataCommandLine.Build(configuration).Length;
        if (length > KataCommandLine.MaxLength)
        {
            throw Error(
                configuration, "kernel_params",
                $"The kernel command line has {length} characters, {length - KataCommandLine.MaxLength} more than the kernel takes.");
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
