using Kata.Linux;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Network;

/// <summary>
/// Receive buffers that were taken ahead of frames whose size nobody knows yet. Holds something only while one event is handled: what is
/// left goes back.
/// </summary>
internal sealed class ReceiveWindow
{
    // The other half always has room for one more chain.
    private const int FullAt = BufferList.Capacity / 2;

    private readonly BufferList _ranges = new();
    private readonly DescriptorChain[] _chains = new DescriptorChain[BufferList.Capacity];
    private int _first;
    private int _end;

    /// <summary>Bytes that fit.</summary>
    public long Room { get; private set; }

    public bool IsEmpty => _first == _end;

    /// <summary>Takes buffers until <paramref name="bytes"/> fit, as far as there are any. False when the driver broke the rules.</summary>
    /// <param name="maxBuffers">1 when a frame may not span several.</param>
    public bool TryFill(SplitQueue queue, long bytes, int maxBuffers)
    {
        if (_ranges.Count > FullAt && Room < bytes)
            GiveBack(queue);
        while (Room < bytes && _end - _first < maxBuffers && _ranges.Count <= FullAt)
        {
            switch (queue.TryPop(_ranges, out var chain))
            {
                case PopResult.Empty:
                    return true;
                // A full list has no room for what overflows.
                case PopResult.Chain when chain.ReadableBytes == 0 && chain.WritableBytes >= NetworkHeader.Size
                    && _ranges.Count < BufferList.Capacity:
                    _chains[_end++] = chain;
                    Room += chain.WritableBytes;
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    /// <summary>Whether no more buffers can be taken after <see cref="TryFill"/>, however long one waits.</summary>
    public bool IsFull(SplitQueue queue) => _end - _first == queue.Size || _ranges.Count > FullAt;

    /// <summary>The ranges to read a frame into; <paramref name="overflow"/> takes what does not fit.</summary>
    public ReadOnlySpan<NativeBuffer> RangesWith(NativeBuffer overflow)
    {
        var (start, count) = (Start, _ranges.Count);
        if (overflow.Length > 0)
            _ranges.TryAdd(overflow);
        var ranges = _ranges.Slice(start, _ranges.Count - start);
        _ranges.Truncate(count);
        return ranges;
    }

    /// <summary>Copies from the buffers; returns the bytes copied.</summary>
    public int CopyTo(Span<byte> destination) => _ranges.CopyTo(Start, _ranges.Count - Start, 0, destination);

    /// <summary>Copies to the buffers; returns the bytes copied.</summary>
    public int CopyFrom(ReadOnlySpan<byte> source) => _ranges.CopyFrom(Start, _ranges.Count - Start, source);

    /// <summary>How many buffers a frame of <paramref name="length"/> bytes takes. It fits.</summary>
    public int BuffersOf(int length)
    {
        var count = 0;
        for (long left = length; left > 0; count++)
            left -= _chains[_first + count].WritableBytes;
        return count;
    }

    /// <summary>Gives the driver the buffers that a frame of <paramref name="length"/> bytes takes.</summary>
    public void Use(SplitQueue queue, int length)
    {
        for (long left = length; left > 0; _first++)
        {
            ref readonly var chain = ref _chains[_first];
            var part = Math.Min(left, chain.WritableBytes);
            queue.PushUsed(chain.Head, (uint)part);
            left -= part;
            Room -= chain.WritableBytes;
        }
    }

    /// <summary>Puts what is held back into the queue.</summary>
    public void GiveBack(SplitQueue queue)
    {
        queue.Unpop(_end - _first);
        _ranges.Truncate(0);
        _first = _end = 0;
        Room = 0;
    }

    private int Start => IsEmpty ? _ranges.Count : _chains[_first].WritableStart;
}
