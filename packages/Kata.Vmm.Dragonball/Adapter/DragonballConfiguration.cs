using System.Text;
using Kata.Abstractions;
using Kata.Abstractions.Configuration;
using Kata.Linux;

namespace Kata.Vmm.Dragonball.Adapter;

/// <summary>Checks a <c>[hypervisor.dragonball]</c> section before anything is started, so that a mistake is named by its key.</summary>
internal static class DragonballConfiguration
{
    /// <summary>Kata's least for this hypervisor.</summary>
    private const ulong LeastMemoryMib = 64;

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
        var check = new HypervisorConfigurationCheck(DragonballProvider.ProviderName, configuration, FileSystem.WhyUnreadable);
        CheckAbsent(configuration, check);
        check.Boot();
        check.Sizes(MicroVmOptionsCheck.MostVcpus, LeastMemoryMib);
        if (configuration.MemoryMib > MicroVmOptionsCheck.MostMemoryMib)
        {
            throw check.Error(
                "default_memory", $"{configuration.MemoryMib} MiB are not possible; use at most {MicroVmOptionsCheck.MostMemoryMib} MiB.");
        }

        if (configuration.BlockDeviceDriver is not ("virtio-blk-pci" or "virtio-blk-mmio"))
        {
            throw check.Error(
                "block_device_driver",
                $"\"{configuration.BlockDeviceDriver}\" is not supported with Dragonball; "
                + "use virtio-blk-mmio (virtio-blk-pci stands for the same).");
        }

        check.KernelParameters(KataCommandLine.Build(configuration));
        if (!Ascii.IsValid(configuration.KernelParameters))
            throw check.Error("kernel_params", "Characters beyond ASCII cannot be part of a kernel command line.");
    }

    /// <summary>What an external VMM needs, which upstream's files leave empty too, and what this one has not got.</summary>
    private static void CheckAbsent(HypervisorConfiguration configuration, HypervisorConfigurationCheck check)
    {
        (string Key, string Value)[] external =
        [
            ("path", configuration.Path),
            ("ctlpath", configuration.OtherKeys.GetValueOrDefault("ctlpath", "")),
            ("jailer_path", configuration.OtherKeys.GetValueOrDefault("jailer_path", "")),
            ("firmware", configuration.Firmware),
            ("machine_type", configuration.MachineType),
            ("machine_accelerators", configuration.MachineAccelerators),
        ];
        foreach (var (key, value) in external)
        {
            if (value.Length > 0)
            {
                throw check.Error(
                    key, $"\"{value}\" has no meaning for a VM in the runtime's own process; remove the key or leave it empty.");
            }
        }

        foreach (var (key, needs) in UnsupportedFlags)
        {
            if (configuration.OtherKeys.GetValueOrDefault(key) == "true")
                throw check.Error(key, $"The VM in the runtime's process has not got {needs}; remove the key or set it to false.");
        }
    }
}
