using System.Globalization;

namespace Kata.Benchmarks.Shim;

/// <summary>What a shim costs before it runs anything: bytes, <c>start</c>, idle memory. Several in one run, taking turns.</summary>
internal static class ShimComparison
{
    private const int DefaultRuns = 31;

    public static Verb Verb { get; } = new(
        "shim",
        "[LABEL=]SHIM [LABEL=]PEER... [--runs N] [--markdown]: binary size, `start` cold and warm, idle daemon memory; medians, and SHIM's ratio "
            + "to the others. Drops the machine's page cache before every cold start (as root)",
        RunAsync);

    private static async Task<int> RunAsync(string[] args)
    {
        var runs = DefaultRuns;
        var markdown = false;
        var shims = new List<(string Label, string Path)>();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--runs")
                runs = int.Parse(args[++i], CultureInfo.InvariantCulture);
            else if (args[i] == "--markdown")
                markdown = true;
            else
                shims.Add(Parse(args[i]));
        }

        var samples = shims.ConvertAll(_ => new List<ShimSample>());
        await using var bench = ShimBench.Create();
        foreach (var (_, path) in shims)
            await bench.MeasureAsync(path);
        for (var run = 0; run < runs; run++)
        {
            // Each comes first at times: where one stands among them changes what it finds.
            for (var turn = 0; turn < shims.Count; turn++)
            {
                var i = (run + turn) % shims.Count;
                samples[i].Add(await bench.MeasureAsync(shims[i].Path));
            }
        }

        var rows = shims.Zip(samples, (shim, ofShim) => ShimCosts.Of(shim.Label, shim.Path, ofShim)).ToList();
        if (markdown)
            PrintMarkdown(rows);
        else
            PrintTable(rows, runs);
        return 0;
    }

    private static (string Label, string Path) Parse(string argument)
    {
        var parts = argument.Split('=', 2);
        var path = Path.GetFullPath(parts[^1]);
        return (parts.Length == 2 ? parts[0] : Path.GetFileName(path), path);
    }

    private static void PrintTable(List<ShimCosts> rows, int runs)
    {
        Console.WriteLine($"medians of {runs} runs, shims taking turns");
        Console.WriteLine($"{"shim",-28} {"binary MB",10} {"cold ms",9} {"warm ms",9} {"CPU ms",8} {"RSS MiB",8} {"anon MiB",9} {"threads",8}");
        foreach (var row in rows)
        {
            Console.WriteLine(Text(
                $"{row.Label,-28} {row.Megabytes,10:F1} {row.ColdWall,9:F1} {row.Wall,9:F1} {row.Cpu,8:F1} {row.Rss,8:F1} {row.Anonymous,9:F1} {row.Threads,8:F0}"));
        }

        foreach (var ratio in rows.Skip(1).Select(peer => rows[0].RatioTo(peer)))
        {
            Console.WriteLine(Text(
                $"{ratio.Label,-28} {ratio.Megabytes,10:F2} {ratio.ColdWall,9:F2} {ratio.Wall,9:F2} {ratio.Cpu,8:F2} {ratio.Rss,8:F2} {ratio.Anonymous,9:F2}"));
        }
    }

    private static void PrintMarkdown(List<ShimCosts> rows)
    {
        foreach (var row in rows)
        {
            Console.WriteLine(Text(
                $"| {row.Label} | {row.Megabytes:F2} MB | {row.ColdWall:F1} ms | {row.Wall:F1} / {row.Cpu:F1} ms | {row.Rss:F1} MiB ({row.Anonymous:F1}) |"));
        }

        var ratio = rows[0].RatioTo(rows[1]);
        Console.WriteLine(Text(
            $"| **{rows[0].Label} against {rows[1].Label}** | {Change(ratio.Megabytes)} | {Change(ratio.ColdWall)} | {Change(ratio.Wall)} / {Change(ratio.Cpu)} | {Change(ratio.Rss)} |"));
    }

    private static string Change(double ratio) => ratio <= 1 ? Text($"-{(1 - ratio) * 100:F1} %") : Text($"+{(ratio - 1) * 100:F1} %");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
