using System.Runtime.InteropServices;

namespace Kata.Linux;

/// <summary>How much a pipe can hold.</summary>
public static class PipeBuffer
{
    /// <summary>Asks for at least <paramref name="size"/> bytes (F_SETPIPE_SZ); a pipe keeps its size when the kernel does not allow it.</summary>
    /// <returns>Whether the size was changed.</returns>
    public static bool Resize(SafeHandle pipe, int size) => Interop.fcntl(pipe, Interop.F_SETPIPE_SZ, size) >= 0;
}
