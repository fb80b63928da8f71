namespace Kata.Benchmarks.Exits;

/// <summary>How long a guest was away, exit by exit.</summary>
/// <param name="Histogram">How many took as many ticks as the index shifted left; the last bucket has all longer ones.</param>
/// <param name="BucketShift">How many bits the ticks lose.</param>
/// <param name="LongestTicks">The longest, exactly.</param>
/// <param name="TicksPerMicrosecond">The guest's clock.</param>
internal sealed record Gaps(uint[] Histogram, int BucketShift, ulong LongestTicks, double TicksPerMicrosecond)
{
    public long Count => Histogram.Sum(count => (long)count);

    /// <summary>In microseconds.</summary>
    public double Longest => LongestTicks / TicksPerMicrosecond;

    /// <summary>A percentile in microseconds: the end of its bucket.</summary>
    public double Percentile(double fraction)
    {
        var below = (long)Math.Ceiling(Count * fraction);
        var bucket = 0;
        for (var sum = 0L; bucket < Histogram.Length && (sum += Histogram[bucket]) < below; bucket++)
        {
        }

        return bucket >= Histogram.Length - 1 ? Longest : Microseconds(bucket + 1);
    }

    /// <summary>How many were longer; a bucket that the limit divides is counted.</summary>
    public long LongerThan(double microseconds) =>
        Histogram.Where((_, bucket) => bucket == Histogram.Length - 1 || Microseconds(bucket + 1) > microseconds).Sum(count => (long)count);

    private double Microseconds(int bucket) => ((ulong)bucket << BucketShift) / TicksPerMicrosecond;
}
