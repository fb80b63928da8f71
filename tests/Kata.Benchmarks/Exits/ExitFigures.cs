using System.Globalization;

namespace Kata.Benchmarks.Exits;

/// <summary>What one run found, or the medians of several; times in microseconds.</summary>
internal sealed record ExitFigures(double[] Values)
{
    private const double Goal = 1000;

    /// <summary>
    /// Percentiles of the guest's gaps; collections by the oldest generation that they went through; their pauses, at last without the time
    /// in which the collecting thread had no processor.
    /// </summary>
    public static string Header { get; } = string.Concat(
        $"{"p50 µs",7} {"p99",7} {"p99.9",7} {"p99.99",8} {"longest",9} {">1 ms",5}   ",
        $"{"gen 0",5} {"1",4} {"2",4} {"p50 µs",7} {"p99",7} {"longest",9} {">1 ms",5} {"undisplaced",11} {">1 ms",5}");

    public static ExitFigures Of(Gaps gaps, int[] collections, (TimeSpan Pause, TimeSpan Displaced)[] pauses)
    {
        double[] sorted = [.. pauses.Select(pause => pause.Pause.TotalMicroseconds).Order()];
        double[] undisplaced = [.. pauses.Select(pause => (pause.Pause - pause.Displaced).TotalMicroseconds).Order()];
        return new(
        [
            gaps.Percentile(0.5), gaps.Percentile(0.99), gaps.Percentile(0.999), gaps.Percentile(0.9999), gaps.Longest, gaps.LongerThan(Goal),
            collections[0] - collections[1], collections[1] - collections[2], collections[2],
            Percentile(sorted, 0.5), Percentile(sorted, 0.99), Percentile(sorted, 1), sorted.Count(pause => pause > Goal),
            Percentile(undisplaced, 1), undisplaced.Count(pause => pause > Goal),
        ]);
    }

    /// <summary>The median of each figure.</summary>
    public static ExitFigures MedianOf(IReadOnlyList<ExitFigures> runs) => Of(runs, values => values[values.Length / 2]);

    /// <summary>The largest of each figure.</summary>
    public static ExitFigures WorstOf(IReadOnlyList<ExitFigures> runs) => Of(runs, values => values[^1]);

    public static ExitFigures Parse(string text) => new([.. text.Split(' ').Select(value => double.Parse(value, CultureInfo.InvariantCulture))]);

    public string ToText() => string.Join(' ', Values.Select(value => value.ToString("F1", CultureInfo.InvariantCulture)));

    public string ToRow() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Values[0],7:F1} {Values[1],7:F1} {Values[2],7:F0} {Values[3],8:F0} {Values[4],9:F0} {Values[5],5:F0}   " +
        $"{Values[6],5:F0} {Values[7],4:F0} {Values[8],4:F0} {Values[9],7:F0} {Values[10],7:F0} {Values[11],9:F0} {Values[12],5:F0} " +
        $"{Values[13],11:F0} {Values[14],5:F0}");

    private static ExitFigures Of(IReadOnlyList<ExitFigures> runs, Func<double[], double> choose) =>
        new([.. Enumerable.Range(0, runs[0].Values.Length).Select(i => choose([.. runs.Select(run => run.Values[i]).Order()]))]);

    private static double Percentile(double[] sorted, double fraction) =>
        sorted.Length == 0 ? 0 : sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * fraction) - 1)];
}
