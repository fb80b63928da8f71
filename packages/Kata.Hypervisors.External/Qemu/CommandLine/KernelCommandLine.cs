using Kata.Abstractions.Configuration;

namespace Kata.Hypervisors.External.Qemu.CommandLine;

/// <summary>
/// The kernel command line: what this driver needs, then the root disk, then the user's part, which so has the last word.
/// </summary>
internal static class KernelCommandLine
{
    public static string Build(HypervisorConfiguration configuration, QemuMachine machine, Accelerator accelerator, long? tscKilohertz)
    {
        var parameters = new List<string>
        {
            // A panic ends the VM at once: it becomes a reboot, and QEMU runs with -no-reboot.
            $"reboot={machine.RebootMethod}", "panic=1",
            // For guests with systemd, as Kata's images are.
            "systemd.unit=kata-containers.target", "systemd.mask=systemd-networkd.service", "systemd.mask=systemd-networkd.socket",
            "console=ttyS0",
            // Distribution kernels test their ciphers at every boot (half of a boot under software emulation), and reserve 64 MiB for
            // devices that reach no more than 4 GiB once memory may be plugged in; virtio devices reach all of it.
            "cryptomgr.notests", "swiotlb=noforce",
        };
        // Every character on the console costs an exit of the vCPU. What a panic says comes through all the same.
        if (!configuration.Debug)
            parameters.Add("quiet");
        if (!accelerator.IsKvm)
            parameters.AddRange(EmulatedTimeParameters(tscKilohertz));
        if (configuration.Image.Length > 0)
            parameters.AddRange(RootParameters(configuration));
        if (configuration.KernelParameters.Trim() is { Length: > 0 } user)
            parameters.Add(user);
        return string.Join(' ', parameters);
    }

    /// <summary>
    /// Emulated timers are late when the host is busy. The kernel must neither judge the TSC by them nor calibrate with them: microvm has
    /// no second clock to fall back on, and a kernel without a usable TSC hangs there.
    /// </summary>
    private static IEnumerable<string> EmulatedTimeParameters(long? tscKilohertz)
    {
        yield return "no_timer_check";
        if (tscKilohertz is { } frequency)
        {
            yield return $"tsc_early_khz={frequency}";
            yield return "tsc=reliable";
        }
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
