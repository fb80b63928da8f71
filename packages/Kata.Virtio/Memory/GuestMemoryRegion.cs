using Kata.Linux;

namespace Kata.Virtio.Memory;

/// <summary>A range of guest-physical memory and where it is mapped here. Owns the mapping.</summary>
internal sealed class GuestMemoryRegion : IDisposable
{
    private readonly MemoryMapping _mapping;
    private readonly nuint _offset;

    /// <param name="start">First guest-physical address.</param>
    /// <param name="length">Bytes; not 0, and the range does not wrap around.</param>
    /// <param name="mapping">Holds the region from <paramref name="offset"/> on.</param>
    public GuestMemoryRegion(ulong start, ulong length, MemoryMapping mapping, nuint offset = 0)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, mapping.Length - offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, ulong.MaxValue - length);
        Start = start;
        Length = length;
        _mapping = mapping;
        _offset = offset;
    }

    public ulong Start { get; }

    public ulong Length { get; }

    public ulong End => Start + Length;

    public unsafe byte* Host => (byte*)_mapping.Address + _offset;

    /// <summary>Takes the region's pages out of this process's resident set, where the kernel can; the guest keeps their content.</summary>
    public void ReleasePages() => _ = MemoryAdvice.TryRelease(_mapping);

    public void Dispose() => _mapping.Dispose();
}
