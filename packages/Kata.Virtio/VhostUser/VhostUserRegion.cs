using System.Buffers.Binary;

namespace Kata.Virtio.VhostUser;

/// <summary>A memory region as messages describe it.</summary>
/// <param name="GuestAddress">Where the guest sees it.</param>
/// <param name="Size">Bytes.</param>
/// <param name="UserAddress">Where the front end has it mapped: the addresses of rings are given in those terms.</param>
/// <param name="FileOffset">Where it begins in the file that came with the message.</param>
internal readonly record struct VhostUserRegion(ulong GuestAddress, ulong Size, ulong UserAddress, ulong FileOffset)
{
    /// <summary>Reads the description at <paramref name="offset"/> of a message's payload.</summary>
    public static VhostUserRegion Read(VhostUserMessage message, int offset) => new(
        message.ReadUInt64(offset), message.ReadUInt64(offset + 8), message.ReadUInt64(offset + 16), message.ReadUInt64(offset + 24));

    /// <summary>Writes the description as messages carry it.</summary>
    public void Write(Span<byte> payload)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(payload, GuestAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(payload[8..], Size);
        BinaryPrimitives.WriteUInt64LittleEndian(payload[16..], UserAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(payload[24..], FileOffset);
    }

    /// <summary>Neither is it empty nor does it wrap around in any of its address spaces.</summary>
    public bool IsSane => Size != 0 && Size <= long.MaxValue
        && GuestAddress <= ulong.MaxValue - Size && UserAddress <= ulong.MaxValue - Size && FileOffset <= long.MaxValue - Size;

    public override string ToString() => $"0x{GuestAddress:x} of 0x{Size:x} bytes";
}
