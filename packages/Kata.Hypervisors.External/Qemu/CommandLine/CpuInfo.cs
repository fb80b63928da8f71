using System.Globalization;
using System.Runtime.Intrinsics.X86;

namespace Kata.Hypervisors.External.Qemu.CommandLine;

/// <summary>What the host's kernel says of its first CPU.</summary>
/// <param name="Flags">Feature flags.</param>
/// <param name="Mhz">The clock now; null when not said.</param>
internal sealed record CpuInfo(IReadOnlySet<string> Flags, double? Mhz)
{
    public const string DefaultPath = "/proc/cpuinfo";

    /// <summary>Reads the first CPU's section.</summary>
    public static CpuInfo Read(string path = DefaultPath)
    {
        var flags = new HashSet<string>();
        double? mhz = null;
        // The first blank line ends the first CPU: a large host's file is long.
        foreach (var line in File.ReadLines(path).TakeWhile(line => line.Length > 0))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
                continue;
            var value = line[(colon + 1)..].Trim();
            switch (line[..colon].Trim())
            {
                case "flags":
                    flags.UnionWith(value.Split(' '));
                    break;
                case "cpu MHz" when double.TryParse(value, CultureInfo.InvariantCulture, out var clock):
                    mhz = clock;
                    break;
            }
        }

        return new CpuInfo(flags, mhz);
    }

    /// <summary>
    /// The frequency of the time stamp counter in kHz, or null when the host does not say it exactly. Under TCG the guest sees the host's
    /// counter; without being told the frequency it measures it against an emulated timer, which goes wrong on a busy host.
    /// </summary>
    public long? TscKilohertz()
    {
        if (!Flags.Contains("constant_tsc"))
            return null;
        // A host that is itself a VM has no frequency scaling: its kernel shows the counter's frequency as the clock.
        if (!Flags.Contains("aperfmperf") && Flags.Contains("hypervisor") && Mhz is > 100)
            return (long)Math.Round(Mhz.Value * 1000);
        const int TscLeaf = 0x15;
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < TscLeaf)
            return null;
        var (denominator, numerator, crystal, _) = X86Base.CpuId(TscLeaf, 0);
        return denominator > 0 && numerator > 0 && crystal > 0 ? (long)(uint)crystal * (uint)numerator / (uint)denominator / 1000 : null;
    }
}
