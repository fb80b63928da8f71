namespace Kata.Linux;

/// <summary>Hints about mapped memory (madvise(2)).</summary>
public static class MemoryAdvice
{
    /// <summary>
    /// Takes the pages out of this process until they are touched again. A shared mapping keeps its content, private memory reads as zeros
    /// afterwards.
    /// False when the kernel does not do that for this mapping: it is locked, or of huge pages and the kernel is older than 5.18.
    /// </summary>
    public static bool TryRelease(MemoryMapping mapping) => Interop.madvise(mapping.Address, mapping.Length, Interop.MADV_DONTNEED) == 0;

    /// <summary>Takes all pages from the system now instead of when they are touched (MADV_POPULATE_WRITE).</summary>
    /// <exception cref="LinuxException">ENOMEM when there are not as many; EINVAL before Linux 5.14.</exception>
    public static void Populate(MemoryMapping mapping) =>
        LinuxException.Check(Interop.madvise(mapping.Address, mapping.Length, Interop.MADV_POPULATE_WRITE), "madvise", $"of {mapping.Length} bytes");

    /// <summary>Leaves the mapping out of core dumps (MADV_DONTDUMP), for what is large or somebody else's secret.</summary>
    /// <exception cref="LinuxException">As madvise(2).</exception>
    public static void ExcludeFromCoreDumps(MemoryMapping mapping) =>
        LinuxException.Check(Interop.madvise(mapping.Address, mapping.Length, Interop.MADV_DONTDUMP), "madvise", $"of {mapping.Length} bytes");
}
