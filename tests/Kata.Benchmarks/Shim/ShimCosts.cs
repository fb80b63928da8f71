namespace Kata.Benchmarks.Shim;

/// <summary>The medians of a shim's samples: MB, milliseconds, MiB.</summary>
internal sealed record ShimCosts(
    string Label, double Megabytes, double ColdWall, double Wall, double Cpu, double Rss, double Anonymous, double Threads)
{
    public static ShimCosts Of(string label, string path, List<ShimSample> samples) => new(
        label,
        new FileInfo(path).Length / 1e6,
        Median(samples, sample => sample.ColdWall.TotalMilliseconds),
        Median(samples, sample => sample.Wall.TotalMilliseconds),
        Median(samples, sample => sample.Cpu.TotalMilliseconds),
        Median(samples, sample => sample.ResidentKib / 1024.0),
        Median(samples, sample => sample.AnonymousKib / 1024.0),
        Median(samples, sample => sample.Threads));

    /// <summary>These costs as parts of another shim's.</summary>
    public ShimCosts RatioTo(ShimCosts peer) => new(
        $"ratio to {peer.Label}",
        Megabytes / peer.Megabytes,
        ColdWall / peer.ColdWall,
        Wall / peer.Wall,
        Cpu / peer.Cpu,
        Rss / peer.Rss,
        Anonymous / peer.Anonymous,
        Threads / peer.Threads);

    private static double Median(List<ShimSample> samples, Func<ShimSample, double> value) => Statistics.Median(samples.Select(value));
}
