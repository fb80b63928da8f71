using System.Runtime.CompilerServices;
using Kata.Linux;
using Kata.Virtio.Memory;

namespace Kata.Virtio.Vsock;

/// <summary>
/// A ring of <see cref="VsockLimits.BufferBytes"/> for what a guest sent and a host socket does not take yet. Untouched pages cost nothing.
/// </summary>
internal sealed unsafe class StreamBuffer : IDisposable
{
    private const int Size = VsockLimits.BufferBytes;

    private readonly MemoryMapping _memory = MemoryMapping.Anonymous(Size);
    private readonly byte* _start;
    private readonly NativeBuffer[] _readable = new NativeBuffer[2];
    private int _head;

    public StreamBuffer() => _start = (byte*)_memory.Address;

    public int Count { get; private set; }

    /// <summary>What is in it, oldest first, for a vectored write.</summary>
    public ReadOnlySpan<NativeBuffer> Content
    {
        get
        {
            var first = Math.Min(Count, Size - _head);
            _readable[0] = new NativeBuffer((nint)(_start + _head), first);
            _readable[1] = new NativeBuffer((nint)_start, Count - first);
            return _readable.AsSpan(0, first == Count ? 1 : 2);
        }
    }

    /// <summary>Appends what the range holds. The sender's credit never exceeds the room there is.</summary>
    public void Append(NativeBuffer range)
    {
        var source = (byte*)range.Address;
        var left = (int)range.Length;
        if (left > Size - Count)
            throw new InvalidOperationException("A stream buffer was filled beyond its credit.");
        while (left > 0)
        {
            var tail = (_head + Count) % Size;
            var part = Math.Min(left, Size - tail);
            // SAFETY: neither the tail nor the part reach beyond Size; the range was checked when its chain was popped.
            Unsafe.CopyBlockUnaligned(_start + tail, source, (uint)part);
            source += part;
            left -= part;
            Count += part;
        }
    }

    public void Consume(int count)
    {
        Count -= count;
        _head = Count == 0 ? 0 : (_head + count) % Size;
    }

    public void Dispose() => _memory.Dispose();
}
