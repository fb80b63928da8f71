using System.Runtime.CompilerServices;
using Kata.Linux;

namespace Kata.Virtio.Memory;

/// <summary>
/// Guest-physical memory as this process sees it. Every address from the guest is checked here, once; what comes out is
/// valid as long as the regions, which belong to whoever made this. The guest may change the content at any time: copy first, then judge
/// the copy.
/// </summary>
public sealed unsafe class GuestMemory
{
    private readonly GuestMemoryRegion[] _regions;
    private readonly ulong[] _starts;
    private readonly ulong[] _ends;
    private readonly byte*[] _hosts;

    /// <summary>Joins regions, which stay the caller's.</summary>
    /// <param name="regions">In any order, without overlap.</param>
    /// <exception cref="ArgumentException">Two regions overlap.</exception>
    public GuestMemory(IEnumerable<GuestMemoryRegion> regions)
    {
        _regions = [.. regions.OrderBy(region => region.Start)];
        _starts = new ulong[_regions.Length];
        _ends = new ulong[_regions.Length];
        _hosts = new byte*[_regions.Length];
        for (var i = 0; i < _regions.Length; i++)
        {
            if (i > 0 && _regions[i].Start < _ends[i - 1])
            {
                throw new ArgumentException(
                    $"Memory regions at 0x{_starts[i - 1]:x} and 0x{_regions[i].Start:x} overlap.", nameof(regions));
            }

            _starts[i] = _regions[i].Start;
            _ends[i] = _regions[i].End;
            _hosts[i] = _regions[i].Host;
        }
    }

    /// <summary>The regions, by address.</summary>
    public IReadOnlyList<GuestMemoryRegion> Regions => _regions;

    /// <summary>
    /// The range as it is mapped here, for whoever fills memory before the guest runs. False when it does not lie within one region.
    /// </summary>
    public bool TryGetSpan(ulong address, int length, out Span<byte> span)
    {
        var pointer = length < 0 ? null : TryGetPointer(address, (ulong)length);
        span = pointer == null ? default : new Span<byte>(pointer, length);
        return pointer != null;
    }

    /// <summary>Copies out of guest memory. False when the range does not lie within one region.</summary>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (!TryGetSpan(address, destination.Length, out var source))
            return false;
        source.CopyTo(destination);
        return true;
    }

    /// <summary>Copies into guest memory. False when the range does not lie within one region.</summary>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        if (!TryGetSpan(address, source.Length, out var destination))
            return false;
        source.CopyTo(destination);
        return true;
    }

    /// <summary>The host address of a range that must lie within one region; null when it does not.</summary>
    internal byte* TryGetPointer(ulong address, ulong length)
    {
        var region = Find(address);
        return region >= 0 && length <= _ends[region] - address ? _hosts[region] + (address - _starts[region]) : null;
    }

    /// <summary>
    /// Appends the host ranges of a guest range, which may span adjacent regions. False when part of it is not memory or the list is full.
    /// </summary>
    internal bool TryAppend(ulong address, uint length, BufferList buffers)
    {
        while (length > 0)
        {
            var region = Find(address);
            if (region < 0)
                return false;
            var part = (uint)Math.Min(length, _ends[region] - address);
            if (!buffers.TryAdd(new NativeBuffer((nint)(_hosts[region] + (address - _starts[region])), (nint)part)))
                return false;
            // Cannot overflow: no region ends beyond 2^64 - 1.
            address += part;
            length -= part;
        }

        return true;
    }

    /// <summary>
    /// Takes all pages out of this process's resident set, for when the devices are idle. Only for shared memory: private memory would be
    /// lost.
    /// </summary>
    internal void ReleasePages()
    {
        foreach (var region in _regions)
            region.ReleasePages();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Find(ulong address)
    {
        // A machine has a handful of regions: a scan beats a search.
        for (var i = 0; i < _starts.Length; i++)
        {
            if (address >= _starts[i] && address < _ends[i])
                return i;
        }

        return -1;
    }
}
