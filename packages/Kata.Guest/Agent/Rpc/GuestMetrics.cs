using System.Globalization;
using System.Text;
using Kata.Guest.Agent.Boot;

namespace Kata.Guest.Agent.Rpc;

/// <summary>The guest's figures in Prometheus' text format, with the names that Kata's dashboards know.</summary>
internal static class GuestMetrics
{
    public static string Read() => Format(
        File.ReadLines("/proc/meminfo"), File.ReadAllText("/proc/loadavg"), Environment.WorkingSet,
        Directory.GetFileSystemEntries("/proc/self/fd").Length, GuestSystem.UptimeMilliseconds);

    internal static string Format(IEnumerable<string> memory, string load, long residentBytes, int descriptors, long uptimeMilliseconds)
    {
        var text = new StringBuilder();
        Head(text, "kata_guest_meminfo", "Memory of the guest in bytes.");
        foreach (var line in memory)
        {
            var parts = line.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length >= 2 && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
                Add(text, "kata_guest_meminfo", Label("item", parts[0].ToLowerInvariant()), parts is [_, _, "kB"] ? value * 1024 : value);
        }

        Head(text, "kata_guest_load", "Load averages of the guest.");
        var averages = load.Split(' ');
        foreach (var (name, index) in new[] { ("load1", 0), ("load5", 1), ("load15", 2) })
        {
            if (index < averages.Length && double.TryParse(averages[index], CultureInfo.InvariantCulture, out var value))
                Add(text, "kata_guest_load", Label("item", name), value);
        }

        Head(text, "kata_agent_process_resident_memory_bytes", "Resident memory of the agent in bytes.");
        Add(text, "kata_agent_process_resident_memory_bytes", "", residentBytes);
        Head(text, "kata_agent_process_open_fds", "Open descriptors of the agent.");
        Add(text, "kata_agent_process_open_fds", "", descriptors);
        Head(text, "kata_guest_uptime_seconds", "Time since the guest's kernel started.");
        Add(text, "kata_guest_uptime_seconds", "", uptimeMilliseconds / 1000.0);
        return text.ToString();
    }

    private static string Label(string name, string value) => $"{{{name}=\"{value}\"}}";

    private static void Head(StringBuilder text, string name, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} gauge\n");

    private static void Add(StringBuilder text, string name, string labels, double value) =>
        text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {value}\n");
}
