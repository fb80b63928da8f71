using System.Numerics;
using System.Text;

namespace Kata.Ttrpc.Wire;

/// <summary>Writes protobuf fields into a span that is known to be large enough.</summary>
internal ref struct ProtoWriter(Span<byte> target)
{
    private readonly Span<byte> _target = target;

    /// <summary>Bytes written.</summary>
    public int Position { get; private set; }

    public static int VarintSize(ulong value) => ((BitOperations.Log2(value | 1) * 9) + 73) / 64;

    /// <summary>Bytes of a length-delimited field with a one byte tag; 0 for an empty value, which is not written.</summary>
    public static int FieldSize(int length) => length == 0 ? 0 : 1 + VarintSize((uint)length) + length;

    public void WriteVarint(ulong value)
    {
        while (value >= 0x80)
        {
            _target[Position++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _target[Position++] = (byte)value;
    }

    /// <summary>Tag and length of a length-delimited field.</summary>
    public void WriteHeader(int field, int length)
    {
        _target[Position++] = (byte)((field << 3) | (int)WireType.Length);
        WriteVarint((uint)length);
    }

    /// <summary>A text field; nothing for empty text.</summary>
    public void WriteString(int field, string value, int byteCount)
    {
        if (byteCount == 0)
            return;
        WriteHeader(field, byteCount);
        Position += Encoding.UTF8.GetBytes(value, _target[Position..]);
    }

    /// <summary>A bytes field; nothing for an empty one.</summary>
    public void WriteBytes(int field, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
            return;
        WriteHeader(field, value.Length);
        WriteRaw(value);
    }

    /// <summary>An integer field; nothing for zero.</summary>
    public void WriteInt64(int field, long value)
    {
        if (value == 0)
            return;
        _target[Position++] = (byte)((field << 3) | (int)WireType.Varint);
        WriteVarint((ulong)value);
    }

    public void WriteRaw(ReadOnlySpan<byte> value)
    {
        value.CopyTo(_target[Position..]);
        Position += value.Length;
    }
}
