using Kata.Abstractions.Configuration;

namespace Kata.Vmm.Dragonball.Adapter;

/// <summary>
/// The kernel command line: what the VM needs, then the root disk, then the user's part, which so has the last word.
/// </summary>
internal static class KernelCommandLine
{
    /// <summary>COMMAND_LINE_SIZE of x86 without the terminator.</summary>
    public const int MaxLength = 2047;

    public static string Build(HypervisorConfiguration configuration)
    {
        var parameters = new List<string>
        {
            // A panic ends the VM at once: it becomes a reboot, which the VM does not survive. Devices are found through ACPI.
            "reboot=a", "panic=-1", "pci=off",
            // For guests with systemd, as Kata's images are.
            "systemd.unit=kata-containers.target", "systemd.mask=systemd-networkd.service", "systemd.mask=systemd-networkd.socket",
            "console=ttyS0",
            // The VM has its clock from KVM and no legacy timer to check.
            "tsc=reliable", "no_timer_check",
            // Distribution kernels test their ciphers at every boot, and reserve 64 MiB for devices that reach no more than 4 GiB.
            "cryptomgr.notests", "swiotlb=noforce",
        };
        // Every character on the console costs an exit of the vCPU. What a panic says comes through all the same.
        if (!configuration.Debug)
            parameters.Add("quiet");
        if (configuration.Image.Length > 0)
            parameters.AddRange(RootParameters(configuration));
        if (configuration.KernelParameters.Trim() is { Length: > 0 } user)
            parameters.Add(user);
        return string.Join(' ', parameters);
    }

    private static IEnumerable<string> RootParameters(HypervisorConfiguration configuration)
    {
        yield return "root=/dev/vda1";
        yield return $"rootfstype={configuration.RootfsType}";
        if (configuration.RootfsType == "ext4")
            yield return "rootflags=data=ordered,errors=remount-ro";
        yield return "ro";
    }
}
