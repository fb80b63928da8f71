using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;

namespace Kata.Benchmarks.Exits;

/// <summary>For how long the calling thread could have run while others had its processor (schedstat of proc(5), since it began).</summary>
internal sealed class RunDelay : IDisposable
{
    private readonly SafeFileHandle _file = File.OpenHandle("/proc/thread-self/schedstat");

    /// <summary>Read anew. Allocates nothing.</summary>
    public TimeSpan Read()
    {
        Span<byte> text = stackalloc byte[96];
        ReadOnlySpan<byte> numbers = text[..RandomAccess.Read(_file, text, 0)];
        // On the processor, waiting for it, time slices: nanoseconds but the last.
        return Utf8Parser.TryParse(numbers[(numbers.IndexOf((byte)' ') + 1)..], out long nanoseconds, out _)
            ? TimeSpan.FromMicroseconds(nanoseconds / 1000.0)
            : throw new InvalidDataException("/proc/thread-self/schedstat is not what proc(5) says.");
    }

    public void Dispose() => _file.Dispose();
}
