using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Kata.Linux.Netlink;

/// <summary>Writes one netlink message: a header, a fixed part and nested attributes. Integers are in host order unless the name says otherwise.</summary>
internal ref struct NetlinkWriter
{
    /// <summary>struct nlmsghdr: length, type, flags, sequence, port.</summary>
    internal const int HeaderSize = 16;

    private const ushort NLM_F_REQUEST = 1;
    private const ushort NLA_F_NESTED = 0x8000;

    private readonly Span<byte> _buffer;
    private int _length;

    /// <summary>Begins a message in <paramref name="buffer"/>, which must be big enough for all of it.</summary>
    public NetlinkWriter(Span<byte> buffer, ushort type, ushort flags)
    {
        _buffer = buffer;
        buffer.Clear();
        MemoryMarshal.Write(buffer[4..], type);
        MemoryMarshal.Write(buffer[6..], (ushort)(flags | NLM_F_REQUEST));
        _length = HeaderSize;
    }

    /// <summary>Appends a fixed part.</summary>
    public void Add<T>(in T value)
        where T : unmanaged
    {
        MemoryMarshal.Write(_buffer[_length..], value);
        _length += Align(Unsafe.SizeOf<T>());
    }

    /// <summary>Appends an attribute with a binary value.</summary>
    public void Attribute<T>(ushort type, in T value)
        where T : unmanaged
    {
        var start = Begin(type);
        Add(value);
        SetLength(start, 4 + Unsafe.SizeOf<T>());
    }

    /// <summary>Appends an attribute with zero-terminated text.</summary>
    public void Attribute(ushort type, string text)
    {
        var start = Begin(type);
        var length = Encoding.UTF8.GetBytes(text, _buffer[_length..]) + 1;
        _length += Align(length);
        SetLength(start, 4 + length);
    }

    /// <summary>Appends an attribute with bytes.</summary>
    public void Bytes(ushort type, ReadOnlySpan<byte> value)
    {
        var start = Begin(type);
        value.CopyTo(_buffer[_length..]);
        _length += Align(value.Length);
        SetLength(start, 4 + value.Length);
    }

    /// <summary>Begins an attribute that holds others; give the answer to <see cref="End"/>.</summary>
    public int BeginNested(ushort type) => Begin((ushort)(type | NLA_F_NESTED));

    /// <summary>Ends a nested attribute.</summary>
    public readonly void End(int start) => SetLength(start, _length - start);

    /// <summary>The finished message.</summary>
    public readonly Span<byte> Finish(uint sequence)
    {
        MemoryMarshal.Write(_buffer, (uint)_length);
        MemoryMarshal.Write(_buffer[8..], sequence);
        return _buffer[.._length];
    }

    /// <summary>Attributes and messages begin at multiples of four bytes.</summary>
    internal static int Align(int length) => (length + 3) & ~3;

    private int Begin(ushort type)
    {
        var start = _length;
        MemoryMarshal.Write(_buffer[(start + 2)..], type);
        _length += 4;
        return start;
    }

    private readonly void SetLength(int start, int length) => MemoryMarshal.Write(_buffer[start..], (ushort)length);
}
