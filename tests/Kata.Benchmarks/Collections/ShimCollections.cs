using System.Diagnostics;
using System.Globalization;
using Kata.Benchmarks.Run;

namespace Kata.Benchmarks.Collections;

/// <summary>How often and how long garbage collections stop a shim while its container is busy.</summary>
internal static class ShimCollections
{
    private const int Execs = 75;
    private const int AtATime = 3;
    private const int OutputBytes = 100_000_000;
    private const int DefaultRuns = 3;

    public static Verb Verb { get; } = new(
        "collections", "SHIM SHIM.dbg CONFIGURATION IMAGE.TAR IMAGE [--runs N]: pauses of a shim's garbage collector while a container starts, 75 execs run and 100 MB of output stream", RunAsync);

    private static async Task<int> RunAsync(string[] args)
    {
        if (args is not [var shim, var symbols, var configuration, var image, var name, .. var rest] || rest is not ([] or ["--runs", _]))
        {
            Console.Error.WriteLine($"Usage: Kata.Benchmarks {Verb.Name} {Verb.Help}");
            return 2;
        }

        shim = Path.GetFullPath(shim);
        var runs = rest is [_, var text] ? int.Parse(text, CultureInfo.InvariantCulture) : DefaultRuns;
        using var trace = await CollectionTrace.StartAsync(shim, symbols);
        await using var containerd = await PrivateContainerd.StartAsync(shim, Path.GetFullPath(configuration), image);
        for (var run = 0; run < runs; run++)
            await RunAsync(containerd, trace, $"collections{run}", name);
        return 0;
    }

    private static async Task RunAsync(PrivateContainerd containerd, CollectionTrace trace, string id, string image)
    {
        Console.WriteLine($"{id,-14} collections (gen 0, 1, 2)   pause: median     p90  longest  over 1 ms  (undisplaced: longest, over 1 ms)      CPU  anonymous");
        var seen = trace.Read().Count;
        await containerd.CtrAsync("run", "--detach", "--runtime", "io.containerd.kata.v2", image, id, "sleep", "1000");
        var shim = containerd.ShimOf(id);
        var cpu = 0.0;

        void Report(string step)
        {
            var pauses = trace.Read().Skip(seen).ToList();
            seen += pauses.Count;
            var spent = ProcessFigures.CpuMilliseconds(shim) - cpu;
            cpu += spent;
            var figures = pauses.Count == 0 ? "" : Figures(pauses);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {step,-12} {pauses.Count,10} ({string.Join(", ", Enumerable.Range(0, 3).Select(generation => pauses.Count(pause => pause.Generation == generation)))}){figures,72} {spent,7:F0} ms {ProcessFigures.AnonymousMib(shim),5:F1} MiB"));
        }

        Report("start");
        for (var exec = 0; exec < Execs; exec += AtATime)
        {
            await Task.WhenAll(Enumerable.Range(exec, AtATime)
                .Select(number => containerd.CtrAsync("tasks", "exec", "--exec-id", $"e{number}", id, "true")));
        }

        Report("75 execs");
        var clock = Stopwatch.StartNew();
        await containerd.DiscardOutputAsync("tasks", "exec", "--exec-id", "output", id, "head", "-c", OutputBytes.ToString(CultureInfo.InvariantCulture), "/dev/zero");
        Report("100 MB");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  the output took {clock.Elapsed.TotalSeconds:F1} s"));
        await containerd.CtrAsync("tasks", "delete", "--force", id);
        await containerd.CtrAsync("containers", "delete", id);
    }

    private static string Figures(List<CollectionTrace.Pause> pauses)
    {
        double[] all = [.. pauses.Select(pause => pause.Milliseconds)];
        double[] undisplaced = [.. pauses.Select(pause => pause.Milliseconds - pause.Displaced)];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Statistics.Median(all):F2} {Statistics.Quantile(all, 0.9),7:F2} {all.Max(),8:F2} {all.Count(time => time > 1),10} {undisplaced.Max(),12:F2} {undisplaced.Count(time => time > 1),5}");
    }
}
