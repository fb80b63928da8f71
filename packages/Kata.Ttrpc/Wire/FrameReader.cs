using System.Buffers;

namespace Kata.Ttrpc.Wire;

/// <summary>
/// Cuts received bytes into frames. One small buffer serves all frames that fit; a larger frame borrows a pooled one that grows
/// with the bytes that really arrived, never with the length a peer announced. Not thread-safe.
/// </summary>
internal sealed class FrameReader
{
    private const int SmallBuffer = 4096;
    private const int LargeBuffer = 64 * 1024;

    /// <summary>Protobuf messages end at 2 GiB, so a longer one is no ttrpc.</summary>
    private const uint MaxPlausibleLength = int.MaxValue;

    private readonly byte[] _small = new byte[SmallBuffer];
    private byte[] _buffer;
    private int _start;
    private int _end;
    private uint _discard;
    private FrameHeader _discarded;

    public FrameReader() => _buffer = _small;

    /// <summary>True between two frames: an end of stream here is a clean one.</summary>
    public bool IsAtBoundary => _start == _end && _discard == 0;

    /// <summary>Where to put received bytes; never empty. Invalidates the data of earlier frames.</summary>
    public Span<byte> GetFreeSpace()
    {
        var pending = _end - _start;
        if (pending == 0)
        {
            _start = _end = 0;
            ReleaseLarge(0);
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, pending).CopyTo(_buffer);
            (_start, _end) = (0, pending);
        }

        if (_end == _buffer.Length)
            Grow();
        return _buffer.AsSpan(_end);
    }

    /// <summary>Counts bytes as received.</summary>
    public void Advance(int count) => _end += count;

    /// <summary>Takes the next frame. <paramref name="data"/> is valid until the next <see cref="GetFreeSpace"/>.</summary>
    public FrameReadResult Read(out FrameHeader header, out ReadOnlyMemory<byte> data)
    {
        data = default;
        if (_discard > 0)
            return Discard(out header);
        header = default;
        if (_end - _start < FrameHeader.Size)
            return FrameReadResult.Incomplete;
        header = FrameHeader.Read(_buffer.AsSpan(_start));
        if (header.Length > FrameHeader.MaxLength)
        {
            if (header.Length > MaxPlausibleLength)
                return FrameReadResult.Malformed;
            _start += FrameHeader.Size;
            (_discard, _discarded) = (header.Length, header);
            return Discard(out header);
        }

        var total = FrameHeader.Size + (int)header.Length;
        if (_end - _start < total)
            return FrameReadResult.Incomplete;
        data = _buffer.AsMemory(_start + FrameHeader.Size, (int)header.Length);
        _start += total;
        return FrameReadResult.Frame;
    }

    private FrameReadResult Discard(out FrameHeader header)
    {
        var count = Math.Min(_discard, (uint)(_end - _start));
        _start += (int)count;
        _discard -= count;
        header = _discarded;
        return _discard > 0 ? FrameReadResult.Incomplete : FrameReadResult.Oversized;
    }

    private void Grow()
    {
        // Only called with a partial frame from the start of the buffer to its end.
        var needed = FrameHeader.Size + (int)FrameHeader.Read(_buffer).Length;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(needed, Math.Max(LargeBuffer, _buffer.Length * 4)));
        _buffer.CopyTo(larger, 0);
        ReleaseLarge(_end);
        _buffer = larger;
    }

    private void ReleaseLarge(int end)
    {
        if (_buffer != _small)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = _small;
        _end = end;
    }
}
