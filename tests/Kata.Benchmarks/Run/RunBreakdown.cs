using System.Diagnostics;
using System.Globalization;

namespace Kata.Benchmarks.Run;

/// <summary>Where the time of one <c>ctr run</c> goes, and what the shim's part of it costs.</summary>
internal static class RunBreakdown
{
    private const int DefaultRuns = 15;
    private const int Execs = 20;

    public static Verb Verb { get; } = new(
        "run", "SHIM CONFIGURATION IMAGE.TAR IMAGE [--runs N]: real containers through a private containerd; wall time by step, the shim's CPU time; medians", RunAsync);

    private static async Task<int> RunAsync(string[] args)
    {
        var runs = args is [_, _, _, _, "--runs", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : DefaultRuns;
        await using var containerd = await PrivateContainerd.StartAsync(Path.GetFullPath(args[0]), Path.GetFullPath(args[1]), args[2]);
        var samples = new List<Dictionary<string, double>>();
        for (var run = 0; run <= runs; run++)
        {
            var sample = await MeasureAsync(containerd, $"run{run}", args[3]);
            // The first one fills caches.
            if (run > 0)
                samples.Add(sample);
        }

        Console.WriteLine($"medians of {runs} runs, one after the other");
        foreach (var name in samples[0].Keys)
        {
            var values = samples.Select(sample => sample[name]).Order().ToList();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-48} {Statistics.Median(values),9:F1}  ({values[0]:F1} to {values[^1]:F1})"));
        }

        return 0;
    }

    private static async Task<Dictionary<string, double>> MeasureAsync(PrivateContainerd containerd, string id, string image)
    {
        var clock = Stopwatch.StartNew();
        await containerd.CtrAsync("run", "--detach", "--runtime", "io.containerd.kata.v2", image, id, "sleep", "1000");
        var total = clock.Elapsed.TotalMilliseconds;
        var shim = containerd.ShimOf(id);
        var (running, resident) = (ProcessFigures.CpuMilliseconds(shim), ProcessFigures.ResidentMib(shim));

        clock.Restart();
        for (var exec = 0; exec < Execs; exec++)
            await containerd.CtrAsync("tasks", "exec", "--exec-id", $"e{exec}", id, "true");
        var execWall = clock.Elapsed.TotalMilliseconds / Execs;
        var execCpu = (ProcessFigures.CpuMilliseconds(shim) - running) / Execs;
        await containerd.CtrAsync("tasks", "delete", "--force", id);
        await containerd.CtrAsync("containers", "delete", id);

        var phases = containerd.PhasesOf(id);
        return new()
        {
            ["ctr run, to running: ms"] = total,
            ["  shim: configuration, virtiofsd, sockets"] = phases["configuration"] + phases["prepare"],
            ["  VMM: QEMU started and answering"] = phases["vmm"],
            ["  kernel and agent: boot until the agent answers"] = phases["guest"],
            ["  agent: sandbox"] = phases["sandbox"],
            ["  container: rootfs, crun create"] = phases["create"] - phases["configuration"] - phases["prepare"] - phases["vmm"] - phases["guest"] - phases["sandbox"],
            ["  containerd, ctr, shim start, crun start"] = total - phases["create"],
            ["shim CPU, create to running: ms"] = running,
            ["shim resident while running: MiB"] = resident,
            ["exec of true: ms"] = execWall,
            ["shim CPU per exec: ms"] = execCpu,
        };
    }
}
