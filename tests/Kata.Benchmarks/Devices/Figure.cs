namespace Kata.Benchmarks.Devices;

/// <summary>One measurement of a load.</summary>
/// <param name="Count">What was done in that time, in the unit of the load.</param>
/// <param name="Time">Wall-clock time.</param>
internal readonly record struct Figure(double Count, TimeSpan Time)
{
    public double Rate => Count / Time.TotalSeconds;
}
