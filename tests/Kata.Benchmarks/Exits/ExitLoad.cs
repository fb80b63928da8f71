using System.Globalization;

namespace Kata.Benchmarks.Exits;

/// <summary>One run of <see cref="ExitComparison"/>, in a process of its own.</summary>
internal static class ExitLoad
{
    public static Verb Verb { get; } = new("exits-under", "MEGABYTES_PER_SECOND IN_FLIGHT EXITS: one run, for `exits`", RunAsync);

    private static async Task<int> RunAsync(string[] args)
    {
        var rate = long.Parse(args[0], CultureInfo.InvariantCulture) * 1_000_000;
        var inFlight = int.Parse(args[1], CultureInfo.InvariantCulture);
        var exits = uint.Parse(args[2], CultureInfo.InvariantCulture);
        using var traffic = new VsockTraffic();
        using var load = new MessageLoad(rate, inFlight);
        var collections = new int[3];
        var gaps = await ExitGuest.RunAsync(exits, () =>
        {
            // As in DragonballHypervisor: the guest never meets what the process has left until now.
            GC.Collect();
            GC.Collect();
            for (var generation = 0; generation < collections.Length; generation++)
                collections[generation] = GC.CollectionCount(generation);
            load.Start();
        });
        load.Stop();
        for (var generation = 0; generation < collections.Length; generation++)
            collections[generation] = GC.CollectionCount(generation) - collections[generation];
        Console.WriteLine(ExitFigures.Of(gaps, collections, load.Pauses).ToText());
        return 0;
    }
}
