using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Virtio.Block;

/// <summary>The requests of one queue that would keep its thread waiting: the kernel works on all of them at once.</summary>
internal sealed unsafe class BackgroundRequests : IDisposable
{
    /// <summary>Of one request; one with more is done while its queue waits.</summary>
    private const int MaxRanges = BlockLimits.QueueSize;

    private readonly IoUring _ring;
    private readonly MemoryMapping _ranges;
    private readonly BackgroundRequest[] _requests;
    private readonly int[] _free;
    private int _freeCount;

    private BackgroundRequests(IoUring ring)
    {
        _ring = ring;
        _requests = new BackgroundRequest[ring.Capacity];
        _free = [.. Enumerable.Range(0, ring.Capacity)];
        _freeCount = ring.Capacity;
        // Takes memory only as far as it is used.
        _ranges = MemoryMapping.Anonymous((nuint)(ring.Capacity * MaxRanges * sizeof(NativeBuffer)));
    }

    /// <summary>Readable when a request has ended.</summary>
    public SafeHandle Descriptor => _ring.Descriptor;

    public int Count => _ring.InFlight;

    /// <summary>Null where the system does not let processes do this.</summary>
    public static BackgroundRequests? TryCreate() =>
        IoUring.TryCreate(BlockLimits.QueueSize) is { } ring ? new BackgroundRequests(ring) : null;

    /// <summary>Prepares a transfer. False when there is no room for it.</summary>
    public bool TryTransfer(SafeHandle file, ReadOnlySpan<NativeBuffer> ranges, BackgroundRequest request)
    {
        if (_freeCount == 0 || ranges.Length > MaxRanges)
            return false;
        var slot = Take(request with { RangeCount = ranges.Length });
        ranges.CopyTo(new Span<NativeBuffer>(RangesOf(slot), MaxRanges));
        var offset = (long)request.Header.Sector * BlockLimits.SectorBytes;
        if (request.Header.Type == BlockRequestType.Out)
            _ring.PrepareWrite(file, RangesOf(slot), ranges.Length, offset, (ulong)slot);
        else
            _ring.PrepareRead(file, RangesOf(slot), ranges.Length, offset, (ulong)slot);
        return true;
    }

    /// <summary>Prepares to make durable what has been written. False when there is no room for it.</summary>
    public bool TryFlush(SafeHandle file, BackgroundRequest request)
    {
        if (_freeCount == 0)
            return false;
        _ring.PrepareFlush(file, (ulong)Take(request));
        return true;
    }

    /// <summary>Starts what was prepared.</summary>
    public void Submit() => _ring.Submit();

    /// <summary>Waits until a request has ended. There is one.</summary>
    public void Wait() => _ring.Wait();

    /// <summary>Takes a request that has ended. False when there is none.</summary>
    /// <param name="ranges">Those of the request, until the next one is prepared.</param>
    /// <param name="result">The bytes moved, or a negated <see cref="Errno"/>.</param>
    public bool TryTake(out BackgroundRequest request, out ReadOnlySpan<NativeBuffer> ranges, out int result)
    {
        request = default;
        ranges = default;
        if (!_ring.TryTake(out var slot, out result))
            return false;
        request = _requests[slot];
        ranges = new ReadOnlySpan<NativeBuffer>(RangesOf((int)slot), request.RangeCount);
        _free[_freeCount++] = (int)slot;
        return true;
    }

    /// <summary>Waits for all requests, and gives everything back.</summary>
    public void Dispose()
    {
        Submit();
        while (Count > 0)
        {
            Wait();
            while (TryTake(out _, out _, out _))
            {
            }
        }

        _ring.Dispose();
        _ranges.Dispose();
    }

    private int Take(in BackgroundRequest request)
    {
        var slot = _free[--_freeCount];
        _requests[slot] = request;
        return slot;
    }

    private NativeBuffer* RangesOf(int slot) => (NativeBuffer*)_ranges.Address + (slot * MaxRanges);
}
