using System.Runtime.InteropServices;

namespace Kata.Virtio.Network;

/// <summary>What precedes a frame (virtio 1.2, 5.1.6), 12 bytes. TAP devices speak the same format.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetworkHeader
{
    public const int Size = 12;

    private const byte NeedsChecksum = 1;
    private const byte Ecn = 0x80;
    private const byte NoSegmentation = 0, Tcp4 = 1, Tcp6 = 4, Udp = 5;
    private const int EthernetHeader = 14;

    /// <summary>TCP_MIN_GSO_SIZE of Linux: less makes tens of thousands of packets of one frame.</summary>
    private const ushort MinTcpSegment = 8;

    public byte Flags;
    public byte SegmentationType;

    /// <summary>Bytes up to the payload of large frames. A hint.</summary>
    public ushort HeaderLength;
    public ushort SegmentSize;
    public ushort ChecksumStart;
    public ushort ChecksumOffset;

    /// <summary>Buffers of a received frame.</summary>
    public ushort BufferCount;

    /// <summary>
    /// Whether the guest may send this with what was negotiated, and its offsets lie within the frame. The kernel checks again; that
    /// nothing else reaches it keeps its less trodden paths out of reach.
    /// </summary>
    public readonly bool IsAcceptable(ulong features, long frameBytes)
    {
        if (HeaderLength > frameBytes)
            return false;
        var hasChecksum = (Flags & NeedsChecksum) != 0;
        if (hasChecksum && ((features & NetworkFeatures.HostChecksum) == 0 || ChecksumStart < EthernetHeader
            || ChecksumStart + ChecksumOffset + sizeof(ushort) > frameBytes))
            return false;
        var hasEcn = (SegmentationType & Ecn) != 0;
        ulong needed;
        switch ((byte)(SegmentationType & ~Ecn))
        {
            case NoSegmentation:
                return !hasEcn;
            case Tcp4:
                needed = NetworkFeatures.HostTcp4;
                break;
            case Tcp6:
                needed = NetworkFeatures.HostTcp6;
                break;
            case Udp:
                return hasChecksum && !hasEcn && (features & NetworkFeatures.HostUdp) != 0 && SegmentSize > 0;
            default:
                return false;
        }

        if (hasEcn)
            needed |= NetworkFeatures.HostTcpEcn;
        return hasChecksum && (features & needed) == needed && SegmentSize >= MinTcpSegment;
    }
}
