using Kata.Abstractions.Configuration;
using Kata.Vmm.Dragonball.Boot;

namespace Kata.Vmm.Dragonball.Adapter;

/// <summary>The kernel command line of a container's VM: what the machine needs, what Kata's guests need, then the user's part.</summary>
internal static class KataCommandLine
{
    public static string Build(HypervisorConfiguration configuration)
    {
        List<string> parameters =
        [
            // For guests with systemd, as Kata's images are.
            "systemd.unit=kata-containers.target", "systemd.mask=systemd-networkd.service", "systemd.mask=systemd-networkd.socket",
        ];
        if (configuration.Image.Length > 0)
            parameters.AddRange(RootParameters(configuration));
        parameters.Add(configuration.KernelParameters.Trim());
        return KernelCommandLine.ForStockKernel(quiet: !configuration.Debug, string.Join(' ', parameters));
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
