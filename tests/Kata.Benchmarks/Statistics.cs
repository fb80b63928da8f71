namespace Kata.Benchmarks;

/// <summary>What the comparisons compute alike.</summary>
internal static class Statistics
{
    /// <summary>The middle one; the upper of two.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>The value that a part of all are not above.</summary>
    /// <param name="values">Not empty.</param>
    /// <param name="part">From 0 to 1.</param>
    public static double Quantile(IReadOnlyCollection<double> values, double part) => values.Order().ElementAt((int)(part * (values.Count - 1)));
}
