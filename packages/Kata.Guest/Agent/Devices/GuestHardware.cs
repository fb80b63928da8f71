using System.Globalization;
using Grpc.Core;
using Kata.Guest.Agent.Streams;
using Kata.Linux;

namespace Kata.Guest.Agent.Devices;

/// <summary>Processors and memory that the host plugs in.</summary>
internal sealed class GuestHardware
{
    private const string Processors = "/sys/devices/system/cpu";
    private const string Memory = "/sys/devices/system/memory";

    private readonly ReadinessPoller _poller;
    private readonly TimeSpan _timeout;

    public GuestHardware(ReadinessPoller poller, TimeSpan timeout)
    {
        _poller = poller;
        _timeout = timeout;
    }

    /// <summary>Bytes that are plugged in at once; 0 when the guest cannot take more memory.</summary>
    public static ulong MemoryBlockSize =>
        ulong.TryParse(ReadOrEmpty($"{Memory}/block_size_bytes"), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size) ? size : 0;

    /// <summary>Whether the guest has to be told where new memory is.</summary>
    public static bool CanProbeMemory => File.Exists($"{Memory}/probe");

    public static void ProbeMemory(IEnumerable<ulong> addresses)
    {
        foreach (var address in addresses)
            File.WriteAllText($"{Memory}/probe", $"0x{address:x}");
    }

    /// <summary>Puts processors, and if wanted all memory, to use.</summary>
    /// <param name="processors">How many processors there shall be; 0 leaves them alone.</param>
    /// <exception cref="AgentException">DEADLINE_EXCEEDED when there are not that many in time.</exception>
    public async Task OnlineAsync(uint processors, bool memory, CancellationToken cancellationToken)
    {
        if (memory)
            Online(Memory, "memory", "state", "offline", "online", int.MaxValue);
        if (processors == 0)
            return;

        using var events = KernelEvents.Subscribe();
        using var readiness = _poller.Watch(events);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(_timeout);
        try
        {
            while (true)
            {
                Online(Processors, "cpu", "online", "0", "1", (int)Math.Min(processors, int.MaxValue) - CountOnline());
                if (CountOnline() >= processors)
                    return;
                await readiness.WaitAsync(EpollEvents.Readable, timeout.Token);
                KernelEvents.Drain(events);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AgentException(StatusCode.DeadlineExceeded, $"The guest has {CountOnline()} of {processors} processors.");
        }
    }

    /// <summary>The number of processors in a list such as <c>0-2,5</c>.</summary>
    internal static int CountOf(string list)
    {
        var count = 0;
        foreach (var range in list.Trim().Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var dash = range.IndexOf('-', StringComparison.Ordinal);
            var first = int.Parse(dash < 0 ? range : range[..dash], CultureInfo.InvariantCulture);
            var last = dash < 0 ? first : int.Parse(range[(dash + 1)..], CultureInfo.InvariantCulture);
            count += last - first + 1;
        }

        return count;
    }

    private static int CountOnline() => CountOf(ReadOrEmpty($"{Processors}/online"));

    private static void Online(string directory, string prefix, string file, string from, string to, int most)
    {
        if (most <= 0 || !Directory.Exists(directory))
            return;
        foreach (var unit in Directory.EnumerateDirectories(directory, prefix + "*").Where(unit => char.IsAsciiDigit(unit[^1])))
        {
            var state = Path.Combine(unit, file);
            if (most == 0 || ReadOrEmpty(state) != from)
                continue;
            File.WriteAllText(state, to);
            most--;
        }
    }

    private static string ReadOrEmpty(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : "";
}
