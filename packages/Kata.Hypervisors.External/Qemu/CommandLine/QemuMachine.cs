using Kata.Abstractions;
using Kata.Abstractions.Configuration;

namespace Kata.Hypervisors.External.Qemu.CommandLine;

/// <summary>A machine type of QEMU, reduced to what a container's VM needs. Devices are found through ACPI and PCI.</summary>
/// <param name="Type">QEMU's name, e.g. <c>q35</c> or <c>pc-q35-7.2</c>.</param>
/// <param name="Options">Options that switch off what nobody uses.</param>
/// <param name="RebootMethod">The kernel's <c>reboot=</c> that ends the VM fastest.</param>
/// <param name="CanHotplug">Devices, vCPUs and memory can come while it runs.</param>
internal sealed record QemuMachine(string Type, string Options, string RebootMethod, bool CanHotplug)
{
    /// <summary>The bus that devices present at boot are on.</summary>
    public const string RootBus = "pcie.0";

    /// <summary>The machine of a configuration.</summary>
    /// <exception cref="ConfigurationException">Not a machine this driver knows.</exception>
    public static QemuMachine Of(HypervisorConfiguration configuration) => configuration.MachineType switch
    {
        "microvm" => new("microvm", "pcie=on,acpi=on,auto-kernel-cmdline=off", "t", CanHotplug: false),
        "" or "q35" => Q35("q35"),
        var type when type.StartsWith("pc-q35-", StringComparison.Ordinal) && !type.Contains(',', StringComparison.Ordinal) => Q35(type),
        var type => throw QemuConfiguration.Error(configuration, "machine_type", $"Machine type \"{type}\" is not supported; use q35 or microvm."),
    };

    private static QemuMachine Q35(string type) => new(type, "usb=off,sata=off,smbus=off,vmport=off,smm=off", "k", CanHotplug: true);
}
