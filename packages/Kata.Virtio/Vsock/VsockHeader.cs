using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kata.Virtio.Vsock;

/// <summary>struct virtio_vsock_hdr (virtio 1.2, 5.10.6), little-endian like every host this runs on.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct VsockHeader
{
    public const int Size = 44;
    public const ushort StreamType = 1;

    public ulong SourceCid;
    public ulong DestinationCid;
    public uint SourcePort;
    public uint DestinationPort;

    /// <summary>Bytes of payload.</summary>
    public uint Length;

    public ushort Type;
    public VsockOperation Operation;
    public uint Flags;

    /// <summary>Bytes that the sender's receive buffer has.</summary>
    public uint BufferAllocation;

    /// <summary>Bytes that the sender's receive buffer has passed on, modulo 2^32.</summary>
    public uint Forwarded;

    /// <summary>A packet from the host to the guest, without credit.</summary>
    public static VsockHeader ToGuest(ulong guestCid, uint hostPort, uint guestPort, VsockOperation operation) => new()
    {
        SourceCid = VsockLimits.HostCid,
        DestinationCid = guestCid,
        SourcePort = hostPort,
        DestinationPort = guestPort,
        Type = StreamType,
        Operation = operation,
    };

    public static VsockHeader Read(ReadOnlySpan<byte> bytes) =>
        Unsafe.ReadUnaligned<VsockHeader>(ref MemoryMarshal.GetReference(bytes[..Size]));

    public readonly void Write(Span<byte> bytes) => Unsafe.WriteUnaligned(ref MemoryMarshal.GetReference(bytes[..Size]), this);
}
