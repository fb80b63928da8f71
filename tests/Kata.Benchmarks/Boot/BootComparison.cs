using System.Diagnostics;
using System.Globalization;

namespace Kata.Benchmarks.Boot;

/// <summary>Boot to init and memory beyond the guest's, against QEMU's microvm machine, taking turns. Needs KVM that runs kernels.</summary>
internal static class BootComparison
{
    /// <summary>What the guest's init writes first; then it sleeps for a few seconds and powers off.</summary>
    private const string Marker = "boot-benchmark: init";

    private const int DefaultRuns = 11;
    private const int MemoryMib = 200;

    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(1);

    public static Verb Verb { get; } = new(
        "boot",
        "MICROVM KERNEL INITRD [--runs N]: process start to init and memory overhead of samples/MicroVm and QEMU microvm",
        RunAsync);

    private static async Task<int> RunAsync(string[] args)
    {
        var runs = args is [_, _, _, "--runs", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : DefaultRuns;
        VmmProgram[] vmms = [VmmProgram.Ours(args[0]), VmmProgram.QemuMicrovm()];
        var samples = vmms.ToDictionary(vmm => vmm, _ => new List<BootSample>());
        for (var run = -1; run < runs; run++)
        {
            foreach (var vmm in vmms)
            {
                var sample = await BootAsync(vmm, args[1], args[2]);
                var title = $"{(run < 0 ? "warm-up" : $"run {run + 1}"),-8} {vmm.Name,-14}";
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{title} {sample.ToInit.TotalMilliseconds,8:F0} ms {sample.OverheadKib,7} KiB {sample.Threads,3} threads"));
                // The first fills the page cache.
                if (run >= 0)
                    samples[vmm].Add(sample);
            }
        }

        Print(vmms, samples, runs);
        return 0;
    }

    private static async Task<BootSample> BootAsync(VmmProgram vmm, string kernel, string initrd)
    {
        var clock = Stopwatch.StartNew();
        await using var child = Child.Start(vmm.Path, vmm.Arguments(kernel, initrd, MemoryMib, []));
        var seen = new List<string>();
        while (await child.ReadLineAsync() is { } line)
        {
            if (line.Contains(Marker, StringComparison.Ordinal))
            {
                var toInit = clock.Elapsed;
                await Task.Delay(Settle);
                return new BootSample(toInit, OverheadKib(child.Id), Directory.GetDirectories($"/proc/{child.Id}/task").Length);
            }

            seen.Add(line);
        }

        throw new InvalidOperationException($"{vmm.Name} ended before the guest's init: {string.Join('\n', seen.TakeLast(20))}");
    }

    /// <summary>PSS of all mappings but the guest's memory, which is the one of exactly its size.</summary>
    private static long OverheadKib(int pid)
    {
        var (total, guests, size) = (0L, 0, 0L);
        foreach (var line in File.ReadLines($"/proc/{pid}/smaps"))
        {
            if (Field(line, "Size:") is { } bytes)
                size = bytes;
            else if (Field(line, "Pss:") is { } pss && size != MemoryMib * 1024L)
                total += pss;
            else if (line.StartsWith("Pss:", StringComparison.Ordinal))
                guests++;
        }

        return guests == 1 ? total : throw new InvalidOperationException($"{guests} mappings of process {pid} have the size of the guest's memory.");
    }

    private static long? Field(string line, string name) => line.StartsWith(name, StringComparison.Ordinal)
        ? long.Parse(line[name.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture)
        : null;

    private static void Print(VmmProgram[] vmms, Dictionary<VmmProgram, List<BootSample>> samples, int runs)
    {
        Console.WriteLine($"medians of {runs} runs, page cache warm, taking turns");
        Console.WriteLine($"{"VMM",-14} {"to init ms",11} {"range",15} {"overhead MiB",13} {"threads",8}");
        var medians = new List<(double Wall, double Overhead)>();
        foreach (var vmm in vmms)
        {
            var walls = samples[vmm].Select(sample => sample.ToInit.TotalMilliseconds).ToList();
            var (wall, overhead) = (Statistics.Median(walls), Statistics.Median(samples[vmm].Select(sample => sample.OverheadKib / 1024.0)));
            var threads = Statistics.Median(samples[vmm].Select(sample => (double)sample.Threads));
            medians.Add((wall, overhead));
            var range = string.Create(CultureInfo.InvariantCulture, $"{walls.Min():F0} to {walls.Max():F0}");
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{vmm.Name,-14} {wall,11:F0} {range,15} {overhead,13:F1} {threads,8:F0}"));
        }

        var (wallRatio, overheadRatio) = (medians[0].Wall / medians[1].Wall, medians[0].Overhead / medians[1].Overhead);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"ratio",-14} {wallRatio,11:F2} {"",15} {overheadRatio,13:F2}"));
    }
}
