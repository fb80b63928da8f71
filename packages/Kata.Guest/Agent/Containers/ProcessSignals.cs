using System.Globalization;

namespace Kata.Guest.Agent.Containers;

/// <summary>What a process does with signals, from <c>/proc/PID/status</c>.</summary>
internal static class ProcessSignals
{
    private const string Caught = "SigCgt:";

    /// <summary>Whether there is a handler for the signal.</summary>
    public static bool IsCaught(IEnumerable<string> status, int signal)
    {
        foreach (var line in status)
        {
            if (line.StartsWith(Caught, StringComparison.Ordinal)
                && ulong.TryParse(line.AsSpan(Caught.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var mask))
                return signal is >= 1 and <= 64 && (mask & (1UL << (signal - 1))) != 0;
        }

        return false;
    }
}
