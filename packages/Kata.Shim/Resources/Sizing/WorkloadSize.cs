using System.Globalization;
using Kata.Protocols.Oci;

namespace Kata.Shim.Resources.Sizing;

/// <summary>What the workload of a sandbox asks for, on top of what the guest itself needs.</summary>
/// <param name="Vcpus">CPUs, with a fraction; 0 when nothing is asked for.</param>
/// <param name="MemoryMib">Memory in MiB; 0 when nothing is asked for.</param>
internal readonly record struct WorkloadSize(double Vcpus, ulong MemoryMib)
{
    private const string CpuQuota = "io.kubernetes.cri.sandbox-cpu-quota";
    private const string CpuPeriod = "io.kubernetes.cri.sandbox-cpu-period";
    private const string Memory = "io.kubernetes.cri.sandbox-memory";

    /// <summary>
    /// Reads it off a sandbox's first container: a pod's size is in the annotations of its sandbox container, a single container's in
    /// its own limits.
    /// </summary>
    public static WorkloadSize Of(Spec? spec, IReadOnlyDictionary<string, string> annotations)
    {
        var resources = spec?.Linux?.Resources;
        var own = new WorkloadSize(
            VcpusOf(resources?.Cpu?.Quota ?? -1, resources?.Cpu?.Period ?? 0, resources?.Cpu?.Cpus), MibOf(resources?.Memory?.Limit ?? 0));
        var pod = new WorkloadSize(VcpusOf(Number(annotations, CpuQuota, -1), (ulong)Math.Max(Number(annotations, CpuPeriod, 0), 0), null), MibOf(Number(annotations, Memory, 0)));
        return new WorkloadSize(pod.Vcpus > 0 ? pod.Vcpus : own.Vcpus, pod.MemoryMib > 0 ? pod.MemoryMib : own.MemoryMib);
    }

    /// <summary>The number of CPUs in a cpuset list such as <c>0-2,7</c>; 0 when it is not one.</summary>
    internal static int CountCpus(string? cpus)
    {
        const int MostCpus = 1 << 16;
        var total = 0;
        foreach (var part in (cpus ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            var first = dash < 0 ? part : part[..dash];
            var last = dash < 0 ? part : part[(dash + 1)..];
            if (!int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var from)
                || !int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var to) || to < from || to >= MostCpus)
            {
                return 0;
            }

            total = Math.Min(total + to - from + 1, MostCpus);
        }

        return total;
    }

    private static double VcpusOf(long quota, ulong period, string? cpuset) =>
        quota >= 0 && period > 0 ? (double)quota / period : CountCpus(cpuset);

    private static ulong MibOf(long bytes)
    {
        // Even, so that 2 MiB huge pages can back it.
        var mib = (ulong)Math.Max(bytes, 0) / (1024 * 1024);
        return mib + (mib % 2);
    }

    private static long Number(IReadOnlyDictionary<string, string> annotations, string key, long fallback) =>
        annotations.TryGetValue(key, out var text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : fallback;
}
