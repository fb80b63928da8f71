using System.Text;

namespace Kata.Vmm.Dragonball.LegacyDevices;

/// <summary>
/// The words with which a Linux kernel dies. It writes them without waiting for whoever writes to the console: what programs were printing
/// can stand in their midst.
/// </summary>
internal static class KernelPanic
{
    /// <summary>As many bytes of others may stand between the words: four transmit queues of a serial port.</summary>
    private const int LongestInterruption = 64;

    private static ReadOnlySpan<byte> Words => "Kernel panic - not syncing"u8;

    /// <summary>Finds the words at the end of what a guest said.</summary>
    /// <param name="text">To the end of a line.</param>
    /// <returns>The words and the reason behind them, without what was in between; null when they are not in it.</returns>
    public static string? Find(ReadOnlySpan<byte> text)
    {
        while (text.IndexOf(Words[0]) is var start and >= 0)
        {
            text = text[start..];
            if (EndOfWords(text) is > 0 and var end)
                return (Encoding.ASCII.GetString(Words) + Encoding.UTF8.GetString(text[end..])).TrimEnd();
            text = text[1..];
        }

        return null;
    }

    /// <summary>Where the words end that begin with the text, 0 when they do not.</summary>
    private static int EndOfWords(ReadOnlySpan<byte> text)
    {
        var found = 0;
        for (var i = 0; i < Math.Min(text.Length, Words.Length + LongestInterruption); i++)
        {
            if (text[i] == Words[found] && ++found == Words.Length)
                return i + 1;
        }

        return 0;
    }
}
