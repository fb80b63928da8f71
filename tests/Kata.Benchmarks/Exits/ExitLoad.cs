using System.Globalization;

namespace Kata.Benchmarks.Exits;

/// <summary>One row of <see cref="ExitComparison"/>, in a process of its own.</summary>
internal static class ExitLoad
{
    private const double Goal = 1000;

    public static Verb Verb { get; } = new("exits-under", "MEGABYTES_PER_SECOND EXITS: one row, for `exits`", RunAsync);

    public static string Header { get; } = string.Concat(
        $"{"MB/s",6} {"exits",9} {"p50 µs",8} {"p99",8} {"p99.9",8} {"p99.99",8} {"max",9} {"> 1 ms",7} ",
        $"{"GCs",6} {"gen 2",6} {"GC ms",8} {"max GC ms",10}");

    private static async Task<int> RunAsync(string[] args)
    {
        var rate = long.Parse(args[0], CultureInfo.InvariantCulture) * 1_000_000;
        var exits = uint.Parse(args[1], CultureInfo.InvariantCulture);
        var (collections, full, paused) = (GC.CollectionCount(0), GC.CollectionCount(2), GC.GetTotalPauseDuration());
        var load = rate > 0 ? MessageLoad.Start(rate) : null;
        var start = TimeProvider.System.GetTimestamp();
        var gaps = await ExitGuest.RunAsync(exits);
        var elapsed = TimeProvider.System.GetElapsedTime(start);
        load?.Stop();
        collections = GC.CollectionCount(0) - collections;
        full = GC.CollectionCount(2) - full;
        paused = GC.GetTotalPauseDuration() - paused;
        var allocated = (load?.AllocatedBytes ?? 0) / elapsed.TotalMicroseconds;
        var longestPause = load?.LongestPause ?? TimeSpan.Zero;
        double[] percentiles = [gaps.Percentile(0.5), gaps.Percentile(0.99), gaps.Percentile(0.999), gaps.Percentile(0.9999)];
        var culture = CultureInfo.InvariantCulture;
        Console.Write(string.Create(culture, $"{allocated,6:F1} {gaps.Count,9} "));
        foreach (var percentile in percentiles)
            Console.Write(string.Create(culture, $"{percentile,8:F1} "));
        Console.Write(string.Create(culture, $"{gaps.Longest,9:F1} {gaps.LongerThan(Goal),7} {collections,6} {full,6} "));
        Console.WriteLine(string.Create(culture, $"{paused.TotalMilliseconds,8:F2} {longestPause.TotalMilliseconds,10:F3}"));
        return 0;
    }
}
