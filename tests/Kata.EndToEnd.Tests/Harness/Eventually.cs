using System.Diagnostics;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>Waits for conditions that nothing announces.</summary>
internal static class Eventually
{
    /// <summary>Long enough for a VM under software emulation on a busy machine.</summary>
    public static readonly TimeSpan Patience = Settings.Scaled(60);

    public static async Task<T> GetAsync<T>(Func<T?> probe, string what, TimeSpan? patience = null)
        where T : class
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (probe() is { } value)
                return value;
            if (watch.Elapsed > (patience ?? Patience))
                throw new AssertFailedException($"Within {watch.Elapsed.TotalSeconds:F0} s there was no {what}.");
            await Task.Delay(50);
        }
    }

    /// <summary>Waits until the probe returns an empty list; fails with what is still in it.</summary>
    public static async Task EmptyAsync(Func<IReadOnlyList<string>> probe, string what, TimeSpan patience)
    {
        var watch = Stopwatch.StartNew();
        IReadOnlyList<string> rest;
        while ((rest = probe()).Count > 0 && watch.Elapsed < patience)
            await Task.Delay(100);
        Assert.IsEmpty(rest, $"{what}:\n  {string.Join("\n  ", rest)}\n");
    }
}
