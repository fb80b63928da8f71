using System.Globalization;

namespace Kata.Benchmarks.Exits;

/// <summary>
/// What garbage collections cost a guest: how long its exits take while the process allocates as a busy shim does, and while it does not.
/// </summary>
internal static class ExitComparison
{
    private const uint DefaultExits = 1_000_000;

    // Those of Kata.Shim that this program does not have already, hexadecimal.
    private static readonly Dictionary<string, string> s_settings = new()
    {
        ["DOTNET_GCConserveMemory"] = "7",
        ["DOTNET_GCRegionRange"] = "10000000",
    };

    private static readonly int[] s_rates = [0, 5, 50];

    public static Verb Verb { get; } = new(
        "exits", "[EXITS] [RUNS]: how long a guest is away for an exit while the process allocates 0, 5 and 50 MB/s", RunAsync);

    private static async Task<int> RunAsync(string[] args)
    {
        var exits = args.Length > 0 ? uint.Parse(args[0], CultureInfo.InvariantCulture) : DefaultExits;
        var runs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
        Console.WriteLine(ExitLoad.Header);
        for (var run = 0; run < runs; run++)
        {
            foreach (var rate in s_rates)
            {
                string[] row = [ExitLoad.Verb.Name, $"{rate}", $"{exits}"];
                await using var child = Child.Start(Environment.ProcessPath!, row, null, s_settings);
                Console.Write(await child.ReadToEndAsync());
            }
        }

        return 0;
    }
}
