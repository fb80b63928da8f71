using System.Buffers.Binary;
using Kata.Virtio.Network;

namespace Kata.Virtio.Tests.Network;

/// <summary>Makes and reads Ethernet frames with IPv4.</summary>
internal static class Frames
{
    public const int Ethernet = 14;
    public const int IPv4 = 20;
    public const byte Tcp = 6;
    public const byte Udp = 17;

    public static bool IsIPv4(ReadOnlySpan<byte> frame) =>
        frame.Length > Ethernet + IPv4 && TypeOf(frame) == 0x0800 && frame[Ethernet + 9] is Tcp or Udp;

    public static int TypeOf(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);

    /// <summary>A datagram of the guest with a whole checksum.</summary>
    public static byte[] Datagram(byte[] hostMac, int sourcePort, int port, ReadOnlySpan<byte> payload)
    {
        var segment = new byte[8 + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)port);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), (ushort)segment.Length);
        payload.CopyTo(segment.AsSpan(8));
        return Packet(hostMac, Udp, segment, checksumAt: 6);
    }

    /// <summary>A TCP segment of the guest with a whole checksum.</summary>
    /// <param name="flags">2 SYN, 16 ACK, 4 RST, 1 FIN.</param>
    public static byte[] TcpSegment(
        byte[] hostMac, int sourcePort, int port, uint sequence, uint acknowledged, byte flags, ReadOnlySpan<byte> payload)
    {
        var segment = new byte[20 + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)port);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), acknowledged);
        segment[12] = 5 << 4;
        segment[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), 65535);
        payload.CopyTo(segment.AsSpan(20));
        return Packet(hostMac, Tcp, segment, checksumAt: 16);
    }

    /// <summary>The answer to an ARP request.</summary>
    public static byte[] ArpReply(ReadOnlySpan<byte> request)
    {
        var reply = request[..42].ToArray();
        reply[21] = 2;
        request.Slice(22, 10).CopyTo(reply.AsSpan(32));
        NetworkMachine.GuestMac.CopyTo(reply, 22);
        NetworkMachine.GuestAddress.GetAddressBytes().CopyTo(reply, 28);
        request.Slice(6, 6).CopyTo(reply);
        NetworkMachine.GuestMac.CopyTo(reply, 6);
        return reply;
    }

    /// <summary>
    /// Leaves the checksum to whoever comes next, as drivers do: the sum of the pseudo header stands where it belongs.
    /// </summary>
    public static NetworkHeader LeaveChecksum(byte[] frame)
    {
        var protocol = frame[Ethernet + 9];
        var offset = protocol == Udp ? 6 : 16;
        var segment = frame.AsSpan(Ethernet + IPv4);
        BinaryPrimitives.WriteUInt16BigEndian(segment[offset..], Fold(PseudoSum(frame, segment.Length)));
        return new NetworkHeader { Flags = 1, ChecksumStart = Ethernet + IPv4, ChecksumOffset = (ushort)offset };
    }

    /// <summary>Whether the checksum of the datagram or segment is right.</summary>
    public static bool HasGoodChecksum(byte[] frame)
    {
        var segment = frame.AsSpan(Ethernet + IPv4, BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(Ethernet + 2)) - IPv4);
        return Fold(PseudoSum(frame, segment.Length) + Sum(segment)) == 0xffff;
    }

    public static ReadOnlySpan<byte> PayloadOf(byte[] frame)
    {
        var segment = frame.AsSpan(Ethernet + IPv4);
        var header = frame[Ethernet + 9] == Udp ? 8 : (segment[12] >> 4) * 4;
        return frame.AsSpan(Ethernet + IPv4 + header);
    }

    private static byte[] Packet(byte[] hostMac, byte protocol, byte[] segment, int checksumAt)
    {
        var frame = new byte[Ethernet + IPv4 + segment.Length];
        hostMac.CopyTo(frame, 0);
        NetworkMachine.GuestMac.CopyTo(frame, 6);
        frame[12] = 8;
        var ip = frame.AsSpan(Ethernet, IPv4);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(IPv4 + segment.Length));
        ip[8] = 64;
        ip[9] = protocol;
        NetworkMachine.GuestAddress.GetAddressBytes().CopyTo(ip[12..]);
        NetworkMachine.HostAddress.GetAddressBytes().CopyTo(ip[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], (ushort)~Fold(Sum(ip)));
        segment.CopyTo(frame, Ethernet + IPv4);
        var sum = (ushort)~Fold(PseudoSum(frame, segment.Length) + Sum(segment));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(Ethernet + IPv4 + checksumAt), sum);
        return frame;
    }

    private static uint PseudoSum(ReadOnlySpan<byte> frame, int length) => Sum(frame.Slice(Ethernet + 12, 8)) + frame[Ethernet + 9] + (uint)length;

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0u;
        for (var i = 0; i < bytes.Length; i++)
            sum += i % 2 == 0 ? (uint)bytes[i] << 8 : bytes[i];
        return sum;
    }

    private static ushort Fold(uint sum)
    {
        while (sum > 0xffff)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)sum;
    }
}
