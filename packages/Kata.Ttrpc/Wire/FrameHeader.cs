using System.Buffers.Binary;

namespace Kata.Ttrpc.Wire;

/// <summary>The ten bytes before each message: u32 length, u32 stream id (both big endian), u8 type, u8 flags.</summary>
internal readonly record struct FrameHeader(uint Length, uint StreamId, FrameType Type, FrameFlags Flags)
{
    public const int Size = 10;

    /// <summary>The largest data part both sides accept; fixed by the protocol.</summary>
    public const int MaxLength = 4 << 20;

    public static FrameHeader Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt32BigEndian(source),
        BinaryPrimitives.ReadUInt32BigEndian(source[4..]),
        (FrameType)source[8],
        (FrameFlags)source[9]);

    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32BigEndian(target, Length);
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], StreamId);
        target[8] = (byte)Type;
        target[9] = (byte)Flags;
    }
}
