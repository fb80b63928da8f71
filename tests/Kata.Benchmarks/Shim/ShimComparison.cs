using System.Globalization;

namespace Kata.Benchmarks.Shim;

/// <summary>What a shim costs before it runs anything: bytes, <c>start</c>, idle memory. Ours against others in one run, taking turns.</summary>
internal static class ShimComparison
{
    private const int DefaultRuns = 31;

    public static Verb Verb { get; } = new(
        "shim", "SHIM PEER... [--runs N]: binary size, `start` wall and CPU time, idle daemon memory; medians, and ratios to PEER", RunAsync);

    private static async Task<int> RunAsync(string[] args)
    {
        var runs = DefaultRuns;
        var shims = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--runs")
                runs = int.Parse(args[++i], CultureInfo.InvariantCulture);
            else
                shims.Add(Path.GetFullPath(args[i]));
        }

        var samples = shims.ToDictionary(shim => shim, _ => new List<ShimSample>());
        await using var bench = ShimBench.Create();
        foreach (var shim in shims)
            await bench.MeasureAsync(shim);
        for (var run = 0; run < runs; run++)
        {
            foreach (var shim in shims)
                samples[shim].Add(await bench.MeasureAsync(shim));
        }

        Print(shims, samples, runs);
        return 0;
    }

    private static void Print(List<string> shims, Dictionary<string, List<ShimSample>> samples, int runs)
    {
        Console.WriteLine($"medians of {runs} runs, page cache warm, shims taking turns");
        Console.WriteLine($"{"shim",-28} {"binary MB",10} {"start ms",10} {"CPU ms",8} {"RSS MiB",8} {"anon MiB",9} {"threads",8}");
        var rows = shims.ConvertAll(shim => Row.Of(shim, samples[shim]));
        foreach (var row in rows)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row.Name,-28} {row.Megabytes,10:F1} {row.Wall,10:F1} {row.Cpu,8:F1} {row.Rss,8:F1} {row.Anonymous,9:F1} {row.Threads,8:F0}"));
        }

        foreach (var peer in rows.Skip(1))
        {
            var ours = rows[0];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{"ratio to " + peer.Name,-28} {ours.Megabytes / peer.Megabytes,10:F2} {ours.Wall / peer.Wall,10:F2} {ours.Cpu / peer.Cpu,8:F2} {ours.Rss / peer.Rss,8:F2} {ours.Anonymous / peer.Anonymous,9:F2}"));
        }
    }

    private sealed record Row(string Name, double Megabytes, double Wall, double Cpu, double Rss, double Anonymous, double Threads)
    {
        public static Row Of(string path, List<ShimSample> samples) => new(
            Path.GetFileName(path),
            new FileInfo(path).Length / 1e6,
            Median(samples, sample => sample.Wall.TotalMilliseconds),
            Median(samples, sample => sample.Cpu.TotalMilliseconds),
            Median(samples, sample => sample.ResidentKib / 1024.0),
            Median(samples, sample => sample.AnonymousKib / 1024.0),
            Median(samples, sample => sample.Threads));

        private static double Median(List<ShimSample> samples, Func<ShimSample, double> value)
        {
            var sorted = samples.Select(value).Order().ToList();
            return sorted[sorted.Count / 2];
        }
    }
}
