using System.Globalization;

namespace Kata.Benchmarks.Exits;

/// <summary>
/// What garbage collections cost a guest: how long its exits take while the process serves a busy vsock device and allocates as a shim
/// does, more than a shim does, and not at all; with the collector as the shim sets it, and with a larger budget.
/// </summary>
internal static class ExitComparison
{
    private const uint DefaultExits = 400_000;

    // Those of Kata.Shim that this program does not have already, hexadecimal.
    private static readonly Dictionary<string, string> s_shared = new()
    {
        ["DOTNET_GCConserveMemory"] = "7",
        ["DOTNET_GCRegionRange"] = "10000000",
    };

    private static readonly (string Name, Dictionary<string, string> Variables)[] s_settings =
    [
        ("2 MiB and more", []),
        ("256 KiB, the shim's", new() { ["DOTNET_GCGen0MaxBudget"] = "40000" }),
    ];

    private static readonly (int MegabytesPerSecond, int InFlight)[] s_loads = [(0, 1), (5, 16), (50, 256)];

    public static Verb Verb { get; } = new(
        "exits", "[EXITS] [RUNS]: how long a guest is away for an exit while the process allocates, by the collector's settings; medians", RunAsync);

    private static async Task<int> RunAsync(string[] args)
    {
        var exits = args.Length > 0 ? uint.Parse(args[0], CultureInfo.InvariantCulture) : DefaultExits;
        var runs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
        var rows = s_loads.SelectMany(load => s_settings.Select(setting => (Load: load, Setting: setting, Runs: new List<ExitFigures>())))
            .Where(row => row.Load.MegabytesPerSecond > 0 || row.Setting == s_settings[0]).ToList();
        // Taking turns, so that a noisy moment meets all of them.
        for (var run = 0; run < runs; run++)
        {
            foreach (var (load, setting, figures) in rows)
            {
                string[] arguments = [ExitLoad.Verb.Name, $"{load.MegabytesPerSecond}", $"{load.InFlight}", $"{exits}"];
                var environment = new Dictionary<string, string>(s_shared.Concat(setting.Variables));
                await using var child = Child.Start(Environment.ProcessPath!, arguments, null, environment);
                figures.Add(ExitFigures.Parse(await child.ReadToEndAsync()));
            }
        }

        Console.WriteLine($"{exits} exits: medians of {runs} runs, and the worst of them.");
        Console.WriteLine($"{"MB/s",4} {"in flight",9} {"budget",-19} {"",-6} {ExitFigures.Header}");
        foreach (var (load, setting, figures) in rows)
        {
            Console.WriteLine($"{load.MegabytesPerSecond,4} {load.InFlight,9} {setting.Name,-19} median {ExitFigures.MedianOf(figures).ToRow()}");
            Console.WriteLine($"{"worst",40} {ExitFigures.WorstOf(figures).ToRow()}");
        }

        return 0;
    }
}
