using System.Globalization;

namespace Kata.Shim.Configuration;

/// <summary>How big this machine is.</summary>
/// <param name="Cpus">CPUs this process may use.</param>
/// <param name="MemoryMib">Memory in MiB.</param>
internal sealed record HostLimits(int Cpus, ulong MemoryMib)
{
    /// <summary>The machine this process runs on.</summary>
    public static HostLimits Current => new(Environment.ProcessorCount, TotalMemoryMib());

    private static ulong TotalMemoryMib()
    {
        const string Label = "MemTotal:";
        // The first line of /proc/meminfo, in KiB.
        foreach (var line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith(Label, StringComparison.Ordinal))
                return ulong.Parse(line.AsSpan(Label.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) / 1024;
        }

        return 0;
    }
}
