namespace Kata.Linux;

/// <summary>Hints about mapped memory (madvise(2)).</summary>
public static class MemoryAdvice
{
    /// <summary>
    /// Takes the pages out of this process until they are touched again. A shared mapping keeps its content, private memory reads as zeros afterwards.
    /// </summary>
    public static void Release(MemoryMapping mapping) =>
        LinuxException.Check(Interop.madvise(mapping.Address, mapping.Length, Interop.MADV_DONTNEED), "madvise");
}
