namespace Kata.Ttrpc.Wire;

/// <summary>Walks the fields of a serialized protobuf message in place. Malformed input ends the walk with <see cref="Failed"/> set.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> data)
{
    private const int MaxGroupDepth = 32;

    private readonly ReadOnlySpan<byte> _data = data;
    private int _position;

    /// <summary>The input is not a protobuf message.</summary>
    public bool Failed { get; private set; }

    /// <summary>Offset of the next unread byte.</summary>
    public readonly int Position => _position;

    /// <summary>Reads the next tag; false at the end or when <see cref="Failed"/>.</summary>
    public bool TryReadTag(out int field, out WireType type)
    {
        (field, type) = (0, default);
        if (Failed || _position == _data.Length)
            return false;
        var tag = ReadVarint();
        (field, type) = ((int)(tag >> 3), (WireType)(tag & 7));
        if (tag is < 8 or > uint.MaxValue)
            Failed = true;
        return !Failed;
    }

    /// <summary>Reads a varint value; 0 when <see cref="Failed"/>.</summary>
    public ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70 && _position < _data.Length; shift += 7)
        {
            var b = _data[_position++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
                return value;
        }

        Failed = true;
        return 0;
    }

    /// <summary>Reads a length-delimited value; empty when <see cref="Failed"/>.</summary>
    public ReadOnlySpan<byte> ReadBytes()
    {
        var length = ReadVarint();
        if (Failed || length > (ulong)(_data.Length - _position))
        {
            Failed = true;
            return default;
        }

        var value = _data.Slice(_position, (int)length);
        _position += (int)length;
        return value;
    }

    /// <summary>Steps over the value of the tag just read.</summary>
    public void Skip(int field, WireType type) => Skip(field, type, 0);

    private void Skip(int field, WireType type, int depth)
    {
        switch (type)
        {
            case WireType.Varint:
                ReadVarint();
                break;
            case WireType.Fixed64:
                SkipFixed(8);
                break;
            case WireType.Length:
                ReadBytes();
                break;
            case WireType.Fixed32:
                SkipFixed(4);
                break;
            case WireType.StartGroup when depth < MaxGroupDepth:
                SkipGroup(field, depth + 1);
                break;
            default:
                Failed = true;
                break;
        }
    }

    private void SkipGroup(int group, int depth)
    {
        while (TryReadTag(out var field, out var type))
        {
            if (type == WireType.EndGroup)
            {
                Failed |= field != group;
                return;
            }

            Skip(field, type, depth);
        }

        Failed = true;
    }

    private void SkipFixed(int size)
    {
        if (_data.Length - _position < size)
            Failed = true;
        else
            _position += size;
    }
}
