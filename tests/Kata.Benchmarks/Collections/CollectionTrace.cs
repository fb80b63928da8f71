using System.Globalization;
using System.Text.RegularExpressions;

namespace Kata.Benchmarks.Collections;

/// <summary>
/// Times the garbage collections of a NativeAOT program from outside, by uprobes of the kernel (tracefs) where the collector stops the
/// threads, starts its work and lets them run again. Only one of these at a time.
/// </summary>
internal sealed partial class CollectionTrace : IDisposable
{
    private const string Root = "/sys/kernel/tracing";
    private const string Group = "kata_bench";
    private const string Scheduler = "sched:sched_switch";
    private const string Events = $"{Root}/uprobe_events";

    private readonly string _instance = $"{Root}/instances/{Group}";

    private CollectionTrace(IEnumerable<string> probes)
    {
        if (Directory.Exists(_instance))
            throw new InvalidOperationException($"{_instance} is there: another run has it, or one that was killed. Then run `rmdir {_instance} && echo > {Events}`.");
        Directory.CreateDirectory(_instance);
        File.WriteAllText($"{_instance}/buffer_size_kb", "8192");
        File.WriteAllText($"{_instance}/trace_clock", "mono");
        foreach (var probe in probes)
            File.AppendAllText(Events, probe + "\n");
        // What the scheduler does matters during the pauses only.
        File.WriteAllText($"{_instance}/events/{Group}/suspend/trigger", $"enable_event:{Scheduler}");
        File.WriteAllText($"{_instance}/events/{Group}/resumed/trigger", $"disable_event:{Scheduler}");
        File.WriteAllText($"{_instance}/events/{Group}/enable", "1");
    }

    /// <summary>Watches every process that runs a program, from now on.</summary>
    /// <param name="program">The program.</param>
    /// <param name="symbols">Its symbols: the .dbg file that publishing leaves beside it.</param>
    public static async Task<CollectionTrace> StartAsync(string program, string symbols)
    {
        if (!File.Exists(Events))
            throw new InvalidOperationException($"{Events} is missing. Run `mount -t tracefs tracefs {Root}`, on a kernel with uprobes.");
        var names = (await OutputOfAsync("/usr/bin/nm", symbols)).Split('\n');
        var segments = CodeSegment().Matches(await OutputOfAsync("/usr/bin/readelf", "--wide", "--program-headers", program));
        var code = segments.Single(segment => segment.Groups["flags"].Value.Contains('E', StringComparison.Ordinal));
        var bias = Hex(code.Groups["address"].Value) - Hex(code.Groups["offset"].Value);

        string Probe(string kind, string name, string mangled, string arguments = "")
        {
            var symbol = names.FirstOrDefault(line => line.EndsWith($" {mangled}", StringComparison.Ordinal))
                ?? throw new InvalidOperationException($"{symbols} has no symbol {mangled}: another version of the runtime?");
            return $"{kind}:{Group}/{name} {program}:0x{Hex(symbol.Split(' ')[0]) - bias:x} {arguments}";
        }

        return new CollectionTrace(
        [
            Probe("p", "suspend", "_ZN15GCToEEInterface9SuspendEEE14SUSPEND_REASON"),
            Probe("p", "work", "_ZN15GCToEEInterface11GcStartWorkEii", "generation=%di:s32"),
            Probe("r", "resumed", "_ZN15GCToEEInterface9RestartEEEb"),
        ]);
    }

    /// <summary>The pauses so far, in the order of their ends; those that were not collections are left out.</summary>
    public List<Pause> Read()
    {
        var pauses = new List<Pause>();
        var begun = new Dictionary<string, OpenPause>();
        foreach (var line in File.ReadLines($"{_instance}/trace"))
        {
            if (Event().Match(line) is not { Success: true } match)
                continue;
            var (thread, at) = (match.Groups["thread"].Value, double.Parse(match.Groups["at"].Value, CultureInfo.InvariantCulture) * 1e3);
            switch (match.Groups["name"].Value)
            {
                case "suspend":
                    begun[thread] = new OpenPause { At = at };
                    break;
                case "work" when begun.TryGetValue(thread, out var pause):
                    pause.Generation = int.Parse(match.Groups["generation"].Value, CultureInfo.InvariantCulture);
                    break;
                case "resumed" when begun.Remove(thread, out var pause) && pause.Generation >= 0:
                    pauses.Add(new Pause(at - pause.At, pause.Displaced, pause.Generation));
                    break;
                case "sched_switch":
                    if (match.Groups["state"].Value.StartsWith('R') && begun.TryGetValue(thread, out var leaving))
                        leaving.DisplacedAt = at;
                    if (begun.TryGetValue(match.Groups["next"].Value, out var coming) && coming.DisplacedAt > 0)
                    {
                        coming.Displaced += at - coming.DisplacedAt;
                        coming.DisplacedAt = 0;
                    }

                    break;
            }
        }

        return pauses;
    }

    /// <summary>Takes the probes away.</summary>
    public void Dispose()
    {
        File.WriteAllText($"{_instance}/events/{Group}/enable", "0");
        File.WriteAllText($"{_instance}/events/{Group}/suspend/trigger", $"!enable_event:{Scheduler}");
        File.WriteAllText($"{_instance}/events/{Group}/resumed/trigger", $"!disable_event:{Scheduler}");
        // Not recursively: the files in it are the kernel's.
        Directory.Delete(_instance);
        foreach (var name in (string[])["suspend", "work", "resumed"])
            File.AppendAllText(Events, $"-:{Group}/{name}\n");
    }

    private static async Task<string> OutputOfAsync(string path, params string[] arguments)
    {
        await using var child = Child.Start(path, arguments);
        return await child.ReadToEndAsync();
    }

    private static long Hex(string text) => long.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^ +LOAD +0x(?<offset>[0-9a-f]+) 0x(?<address>[0-9a-f]+) .*? (?<flags>[RWE ]{3}) 0x", RegexOptions.Multiline)]
    private static partial Regex CodeSegment();

    [GeneratedRegex(@"-(?<thread>[0-9]+) +(?:\([ 0-9]+\) +)?\[[0-9]+\] \S+ +(?<at>[0-9.]+): (?<name>suspend|work|resumed|sched_switch): .*?(generation=(?<generation>[0-9]+)|prev_state=(?<state>\S+) .*next_pid=(?<next>[0-9]+) .*)?$")]
    private static partial Regex Event();

    /// <summary>The threads of a process stood still.</summary>
    /// <param name="Milliseconds">How long.</param>
    /// <param name="Displaced">For how much of that the collecting thread could run, but its processor was given to others.</param>
    /// <param name="Generation">The oldest generation that was collected, 0 to 2.</param>
    internal readonly record struct Pause(double Milliseconds, double Displaced, int Generation);

    private sealed class OpenPause
    {
        public required double At { get; init; }

        public int Generation { get; set; } = -1;

        public double DisplacedAt { get; set; }

        public double Displaced { get; set; }
    }
}
