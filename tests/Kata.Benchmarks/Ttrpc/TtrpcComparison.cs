using System.Globalization;

namespace Kata.Benchmarks.Ttrpc;

/// <summary>Unary round trips of our ttrpc and Go's, in all four pairings over unix sockets, each end a process of its own.</summary>
internal sealed class TtrpcComparison
{
    public static Verb Verb { get; } = new("ttrpc", "[RUNS]: unary calls against Go's ttrpc, sequential and 64 in flight", RunAsync);

    private static readonly int[] InFlight = [1, 64];

    private static async Task<int> RunAsync(string[] args)
    {
        var runs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
        var directory = Directory.CreateTempSubdirectory("kata-ttrpc-").FullName;
        try
        {
            var go = await BuildGoPeerAsync(directory);
            var own = Environment.ProcessPath!;
            await using var ours = await StartServerAsync(own, "ttrpc-serve", $"{directory}/ours.sock");
            await using var theirs = await StartServerAsync(go, "serve", $"{directory}/go.sock");
            (string Name, string[] Load)[] pairings =
            [
                ("Go client, Go server", [go, "bench", $"{directory}/go.sock"]),
                ("our client, our server", [own, "ttrpc-load", $"{directory}/ours.sock"]),
                ("our client, Go server", [own, "ttrpc-load", $"{directory}/go.sock"]),
                ("Go client, our server", [go, "bench", $"{directory}/ours.sock"]),
            ];
            var (ourIdle, theirIdle) = (ProcessFigures.ResidentMib(ours.Id), ProcessFigures.ResidentMib(theirs.Id));
            foreach (var inFlight in InFlight)
                Print(inFlight, runs, await MeasureAsync(pairings, inFlight, runs));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Resident set of the server: ours {ourIdle:0.0} MiB, {ProcessFigures.ResidentMib(ours.Id):0.0} MiB after the calls; Go's {theirIdle:0.0} and {ProcessFigures.ResidentMib(theirs.Id):0.0} MiB."));
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<List<(string Name, Sample Median)>> MeasureAsync((string Name, string[] Load)[] pairings, int inFlight, int runs)
    {
        var samples = pairings.ToDictionary(pairing => pairing.Name, _ => new List<Sample>());
        var calls = inFlight == 1 ? 10_000 : 60_000;
        // The first round warms up. Pairings take turns, so that a noisy moment meets all of them.
        for (var run = -1; run < runs; run++)
        {
            foreach (var (name, load) in pairings)
            {
                await using var child = Child.Start(load[0], load[1], load[2], $"{calls}", $"{inFlight}");
                var sample = Sample.Parse(await child.ReadToEndAsync());
                if (run >= 0)
                    samples[name].Add(sample);
            }
        }

        return [.. pairings.Select(pairing => (pairing.Name, Sample.MedianOf(samples[pairing.Name])))];
    }

    private static void Print(int inFlight, int runs, List<(string Name, Sample Median)> results)
    {
        var go = results[0].Median;
        Console.WriteLine($"Unary calls, {inFlight} in flight, medians of {runs} runs (ratio to Go client and server)");
        Console.WriteLine($"  {"",-24}{"calls/s",17}{"median µs",18}{"p99 µs",18}");
        foreach (var (name, m) in results)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {name,-24}{m.PerSecond,9:0} ({m.PerSecond / go.PerSecond:0.00}x){m.Median / 1e3,10:0.0} ({m.Median / go.Median:0.00}x){m.P99 / 1e3,10:0.0} ({m.P99 / go.P99:0.00}x)"));
        }
    }

    private static async Task<string> BuildGoPeerAsync(string directory)
    {
        var source = Directory.CreateDirectory($"{directory}/probe").FullName;
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Interop/main.go"), $"{source}/main.go");
        var environment = new Dictionary<string, string>
        {
            ["GO111MODULE"] = "off",
            ["GOPATH"] = "/usr/share/gocode",
            ["GOCACHE"] = $"{directory}/cache",
            ["HOME"] = directory,
            ["PATH"] = "/usr/bin:/bin",
        };
        await using var build = Child.Start("/usr/bin/go", ["build", "-o", $"{directory}/go-peer", "."], source, environment);
        await build.ReadToEndAsync();
        return $"{directory}/go-peer";
    }

    private static async Task<Child> StartServerAsync(string program, string verb, string path)
    {
        var server = Child.Start(program, verb, path);
        return await server.ReadLineAsync() == "ready" ? server : throw new InvalidOperationException($"{program} did not start.");
    }

    /// <summary>What one load process printed: calls per second, nanoseconds.</summary>
    private sealed record Sample(double PerSecond, double Median, double P99)
    {
        public static Sample Parse(string text)
        {
            var numbers = text.Split(' ', StringSplitOptions.TrimEntries);
            return new(Number(numbers[0]), Number(numbers[1]), Number(numbers[2]));
        }

        public static Sample MedianOf(List<Sample> samples) => new(
            Statistics.Median(samples.Select(s => s.PerSecond)),
            Statistics.Median(samples.Select(s => s.Median)),
            Statistics.Median(samples.Select(s => s.P99)));

        private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
    }
}
