using System.Globalization;

namespace Kata.Benchmarks;

/// <summary>What the kernel tells about a process that lives.</summary>
internal static class ProcessFigures
{
    /// <summary>What it has in memory, shared pages included.</summary>
    public static double ResidentMib(int pid) => StatusMib(pid, "VmRSS:");

    /// <summary>What it has in memory for itself alone.</summary>
    public static double AnonymousMib(int pid) => StatusMib(pid, "RssAnon:");

    /// <summary>Time on a processor of all threads that live.</summary>
    public static double CpuMilliseconds(int pid) => Directory.GetDirectories($"/proc/{pid}/task")
        .Sum(thread => double.Parse(File.ReadAllText($"{thread}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture)) / 1e6;

    private static double StatusMib(int pid, string field)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return double.Parse(line[field.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture) / 1024;
    }
}
