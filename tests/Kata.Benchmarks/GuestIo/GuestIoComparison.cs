using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Kata.Benchmarks.Boot;
using Kata.Benchmarks.Devices;

namespace Kata.Benchmarks.GuestIo;

/// <summary>
/// What a guest gets from its disk, vsock and network card, against QEMU's microvm machine, taking turns. Needs KVM that runs kernels,
/// /dev/vhost-vsock, /dev/vhost-net and a network namespace in which the name tap0 and the network 10.1.0.0/24 are free.
/// </summary>
internal static class GuestIoComparison
{
    public const uint GuestCid = 3;
    public const string MacAddress = "02:00:00:00:00:02";

    private const string Prefix = "guest-io: ";
    private const int DefaultRuns = 3;
    private const int MemoryMib = 256;
    private const int DiskBytes = 32 << 20;

    /// <summary>How far the guest's clock may be from the host's.</summary>
    private const double ClockTolerance = 0.1;

    /// <summary>Between two lines of a guest: a load takes some seconds.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(1);

    public static Verb Verb { get; } = new(
        "guest-io",
        "KERNEL INITRD DEVICE [--runs N]: disk, vsock or network of a guest in our VMM and in QEMU microvm; 5 samples a run",
        RunAsync);

    private static async Task<int> RunAsync(string[] args)
    {
        var runs = args is [_, _, _, "--runs", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : DefaultRuns;
        var directory = Directory.CreateTempSubdirectory("guest-io-").FullName;
        try
        {
            var (disk, vsock) = (Path.Combine(directory, "disk"), Path.Combine(directory, "vsock"));
            await File.WriteAllBytesAsync(disk, RandomNumberGenerator.GetBytes(DiskBytes));
            var tap = HostPeer.CreateTap();
            HostPeer.Listen(vsock);
            List<VmmProgram> vmms =
            [
                VmmProgram.Ours(Environment.ProcessPath!, GuestIoMachine.Verb.Name, disk, vsock, tap),
                VmmProgram.QemuMicrovm(QemuDevices(disk, tap, "off")),
            ];
            if (args[2] == "network")
                vmms.Add(VmmProgram.QemuMicrovm(QemuDevices(disk, tap, "on")) with { Name = "with vhost-net" });
            await CompareAsync(vmms, args[0], args[1], args[2], runs);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        return 0;
    }

    /// <summary>Its vsock is the host kernel's, the only one it has.</summary>
    private static string[] QemuDevices(string disk, string tap, string vhostNet) =>
    [
        "-global", "virtio-mmio.force-legacy=false",
        "-drive", $"id=disk,file={disk},format=raw,if=none,cache=writeback,aio=threads",
        "-device", "virtio-blk-device,drive=disk",
        "-device", $"vhost-vsock-device,guest-cid={GuestCid}",
        "-netdev", $"tap,id=network,ifname={tap},script=no,downscript=no,vhost={vhostNet}",
        "-device", $"virtio-net-device,netdev=network,mac={MacAddress}",
    ];

    private static async Task CompareAsync(List<VmmProgram> vmms, string kernel, string initrd, string device, int runs)
    {
        var rates = new Dictionary<(VmmProgram, string), List<double>>();
        for (var run = 1; run <= runs; run++)
        {
            foreach (var vmm in vmms)
            {
                var clock = Stopwatch.StartNew();
                foreach (var (load, figure) in await RunGuestAsync(vmm, kernel, initrd, device))
                {
                    if (!rates.TryGetValue((vmm, load), out var list))
                        rates.Add((vmm, load), list = []);
                    list.Add(figure.Rate);
                }

                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"run {run} {vmm.Name,-14} {clock.Elapsed.TotalSeconds:F0} s"));
            }
        }

        Print(vmms, rates);
    }

    private static async Task<List<(string Load, Figure Figure)>> RunGuestAsync(VmmProgram vmm, string kernel, string initrd, string device)
    {
        await using var child = Child.Start(vmm.Path, vmm.Arguments(kernel, initrd, MemoryMib, [$"device={device}"]));
        var (seen, figures, clock) = (new List<string>(), new List<(string, Figure)>(), new Stopwatch());
        while (await NextLineAsync(vmm, child, seen) is { } line)
        {
            seen.Add(line);
            var at = line.IndexOf(Prefix, StringComparison.Ordinal);
            if (at < 0)
                continue;
            switch (line[(at + Prefix.Length)..].TrimEnd().Split(' '))
            {
                case ["begin"]:
                    clock.Start();
                    break;
                case ["end", var time]:
                    CheckClock(vmm, clock.Elapsed, Nanoseconds(time));
                    return figures;
                case ["failed:", ..]:
                    throw new InvalidOperationException($"{vmm.Name}: {line}");
                case [var load, var count, var time]:
                    figures.Add((load, new Figure(double.Parse(count, CultureInfo.InvariantCulture), Nanoseconds(time))));
                    break;
                default:
                    throw new InvalidOperationException($"{vmm.Name}: what does '{line}' mean?");
            }
        }

        throw new InvalidOperationException($"{vmm.Name} ended before its guest: {string.Join('\n', seen.TakeLast(20))}");
    }

    private static async Task<string?> NextLineAsync(VmmProgram vmm, Child child, List<string> seen)
    {
        try
        {
            return await child.ReadLineAsync().WaitAsync(LongestSilence);
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException(
                $"{vmm.Name}: its guest said nothing for {LongestSilence.TotalSeconds} s after: {string.Join('\n', seen.TakeLast(20))}");
        }
    }

    private static TimeSpan Nanoseconds(string text) => TimeSpan.FromTicks(long.Parse(text, CultureInfo.InvariantCulture) / 100);

    private static void CheckClock(VmmProgram vmm, TimeSpan host, TimeSpan guest)
    {
        if (Math.Abs((guest / host) - 1) > ClockTolerance)
            throw new InvalidOperationException($"{vmm.Name}: the guest's clock counted {guest} while the host's counted {host}.");
    }

    private static void Print(List<VmmProgram> vmms, Dictionary<(VmmProgram, string), List<double>> rates)
    {
        Console.WriteLine($"medians of {rates.Values.Min(list => list.Count)} samples, quartiles in brackets; x: ours to theirs, above 1 we are faster");
        Console.WriteLine($"{"",-42} {"",-6}{string.Concat(vmms.Select(vmm => $" {vmm.Name,-30}"))}");
        foreach (var load in GuestIoLoad.All.Where(load => rates.ContainsKey((vmms[0], load.Name))))
        {
            var ours = Statistics.Quantile(rates[(vmms[0], load.Name)], 0.5);
            var cells = vmms.Select(vmm => rates[(vmm, load.Name)]).Select(list => string.Create(
                CultureInfo.InvariantCulture,
                $" {Text(Statistics.Quantile(list, 0.5)),7} {$"({Text(Statistics.Quantile(list, 0.25))} to {Text(Statistics.Quantile(list, 0.75))})",-16} x{ours / Statistics.Quantile(list, 0.5),-5:F2}"));
            Console.WriteLine($"{load.Title,-42} {load.Unit,-6}{string.Concat(cells)}");

            string Text(double rate) => (rate / load.Divisor).ToString(rate / load.Divisor < 100 ? "F1" : "F0", CultureInfo.InvariantCulture);
        }
    }
}
