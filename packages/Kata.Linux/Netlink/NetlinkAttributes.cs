using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Kata.Linux.Netlink;

/// <summary>Walks over the attributes of a message: type and value. Malformed ones end the walk.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> data)
{
    private const ushort TypeMask = 0x3fff;

    private ReadOnlySpan<byte> _rest = data;

    /// <summary>The current attribute's type, without its flags.</summary>
    public ushort Type { get; private set; }

    /// <summary>The current attribute's value.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Goes to the next attribute.</summary>
    public bool MoveNext()
    {
        if (_rest.Length < 4)
            return false;
        var length = MemoryMarshal.Read<ushort>(_rest);
        if (length < 4 || length > _rest.Length)
            return false;
        Type = (ushort)(MemoryMarshal.Read<ushort>(_rest[2..]) & TypeMask);
        Value = _rest[4..length];
        _rest = _rest[Math.Min(NetlinkWriter.Align(length), _rest.Length)..];
        return true;
    }

    /// <summary>The value as a number; 0 when it is too short.</summary>
    public readonly uint Number() => Value.Length >= 4 ? MemoryMarshal.Read<uint>(Value) : 0;

    /// <summary>The value as text.</summary>
    public readonly string Text() => Encoding.UTF8.GetString(Value.TrimEnd((byte)0));

    /// <summary>The value as an IPv4 or IPv6 address; null when it is neither.</summary>
    public readonly IPAddress? Address() => Value.Length is 4 or 16 ? new IPAddress(Value) : null;

    /// <summary>The value as a MAC address such as <c>02:00:00:00:00:01</c>; empty when it is none.</summary>
    public readonly string Mac() => Value.Length == 6 ? Convert.ToHexStringLower(Value).Chunk(2).Select(pair => new string(pair)).Aggregate((a, b) => $"{a}:{b}") : "";
}
