using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Virtio.Memory;

/// <summary>A range of guest-physical memory and where it is mapped here. Owns the mapping.</summary>
public sealed class GuestMemoryRegion : IDisposable
{
    private readonly MemoryMapping _mapping;
    private readonly nuint _offset;

    /// <summary>Describes a region.</summary>
    /// <param name="start">First guest-physical address.</param>
    /// <param name="length">Bytes; not 0, and the range does not wrap around.</param>
    /// <param name="mapping">Holds the region from <paramref name="offset"/> on.</param>
    /// <param name="file">
    /// What is mapped, when other processes can map it, too; stays the caller's. At the same offset as in the mapping.
    /// </param>
    public GuestMemoryRegion(ulong start, ulong length, MemoryMapping mapping, nuint offset = 0, SafeHandle? file = null)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, mapping.Length - offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, ulong.MaxValue - length);
        Start = start;
        Length = length;
        _mapping = mapping;
        _offset = offset;
        File = file;
    }

    /// <summary>First guest-physical address.</summary>
    public ulong Start { get; }

    /// <summary>Bytes.</summary>
    public ulong Length { get; }

    /// <summary>The address after the last.</summary>
    public ulong End => Start + Length;

    /// <summary>The shareable memory this is a part of, from <see cref="FileOffset"/> on; null for private memory.</summary>
    public SafeHandle? File { get; }

    /// <summary>Where in <see cref="File"/> the region begins, in bytes.</summary>
    public ulong FileOffset => _offset;

    /// <summary>Where the region is mapped in this process. Valid until disposal.</summary>
    public nint HostAddress => _mapping.Address + (nint)_offset;

    internal unsafe byte* Host => (byte*)HostAddress;

    /// <summary>
    /// Takes the region's pages out of this process's resident set, where the kernel can. Only for shared memory: private memory would be
    /// lost.
    /// </summary>
    internal void ReleasePages() => _ = MemoryAdvice.TryRelease(_mapping);

    /// <summary>Unmaps it.</summary>
    public void Dispose() => _mapping.Dispose();
}
