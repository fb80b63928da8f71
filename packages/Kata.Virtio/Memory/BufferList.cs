using System.Runtime.CompilerServices;
using Kata.Linux;

namespace Kata.Virtio.Memory;

/// <summary>
/// Ranges of guest memory that descriptor chains name, checked when they were added: ready for a vectored read or write. Reused, so that a
/// request allocates nothing. Valid until the queue's memory changes, that is, within the handling of one event.
/// </summary>
internal sealed unsafe class BufferList
{
    /// <summary>IOV_MAX: what one vectored call takes.</summary>
    public const int Capacity = 1024;

    private readonly NativeBuffer[] _buffers = new NativeBuffer[Capacity];

    public int Count { get; private set; }

    /// <summary>Forgets the ranges from <paramref name="count"/> on.</summary>
    public void Truncate(int count) => Count = count;

    public bool TryAdd(NativeBuffer buffer)
    {
        if (Count == Capacity)
            return false;
        _buffers[Count++] = buffer;
        return true;
    }

    /// <summary>The ranges for a system call. Not to be kept.</summary>
    public ReadOnlySpan<NativeBuffer> Slice(int start, int count) => _buffers.AsSpan(start, count);

    /// <summary>
    /// Copies from the ranges into <paramref name="destination"/>, skipping <paramref name="offset"/> bytes. Returns the bytes copied.
    /// </summary>
    public int CopyTo(int start, int count, long offset, Span<byte> destination)
    {
        var copied = 0;
        foreach (var buffer in Slice(start, count))
        {
            if (offset >= buffer.Length)
            {
                offset -= buffer.Length;
                continue;
            }

            if (copied == destination.Length)
                break;
            var part = (int)Math.Min(buffer.Length - offset, destination.Length - copied);
            // SAFETY: the length is checked against both sides. The guest may write there meanwhile, which tears data but nothing else.
            Unsafe.CopyBlockUnaligned(ref destination[copied], ref *((byte*)buffer.Address + offset), (uint)part);
            copied += part;
            offset = 0;
        }

        return copied;
    }

    /// <summary>Copies <paramref name="source"/> to the beginning of the ranges. Returns the bytes copied.</summary>
    public int CopyFrom(int start, int count, ReadOnlySpan<byte> source)
    {
        var total = source.Length;
        foreach (var buffer in Slice(start, count))
        {
            if (source.IsEmpty)
                break;
            var part = (int)Math.Min(buffer.Length, source.Length);
            // SAFETY: the range was checked when it was added.
            source[..part].CopyTo(new Span<byte>((void*)buffer.Address, part));
            source = source[part..];
        }

        return total - source.Length;
    }

    /// <summary>
    /// Appends the part of the ranges after <paramref name="offset"/> bytes, at most <paramref name="limit"/> bytes of it.
    /// Returns the bytes appended: fewer when the list is full or the ranges end.
    /// </summary>
    public long AppendPart(BufferList source, int start, int count, long offset, long limit)
    {
        var appended = 0L;
        foreach (var buffer in source.Slice(start, count))
        {
            if (offset >= buffer.Length)
            {
                offset -= buffer.Length;
                continue;
            }

            var part = Math.Min(buffer.Length - offset, limit - appended);
            if (part <= 0 || !TryAdd(new NativeBuffer((nint)(buffer.Address + offset), (nint)part)))
                break;
            appended += part;
            offset = 0;
        }

        return appended;
    }
}
