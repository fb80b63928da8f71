namespace Kata.Virtio.Vsock;

/// <summary>What bounds the memory and time that a guest or a host client can take.</summary>
internal static class VsockLimits
{
    /// <summary>The host, as a context id.</summary>
    public const ulong HostCid = 2;

    /// <summary>Streams at once, those still shaking hands included.</summary>
    public const int MaxConnections = 1023;

    /// <summary>Bytes a guest may have on the way to one host socket.</summary>
    public const int BufferBytes = 256 * 1024;

    /// <summary>Bytes of one read from a host socket, spread over as many packets as the guest's buffers need.</summary>
    public const int MaxBurstBytes = 64 * 1024;

    /// <summary>Packets of one burst.</summary>
    public const int MaxBurstPackets = 16;

    /// <summary>Bytes of the longest first line a host client may send.</summary>
    public const int MaxHandshakeBytes = 32;

    /// <summary>Resets waiting for room in the guest's queue. Further ones are dropped, and the guest's own time limits apply.</summary>
    public const int MaxPendingResets = 1024;

    /// <summary>The first port of the host's own streams; Firecracker starts there too, clear of ports that services listen on.</summary>
    public const uint FirstHostPort = 1 << 30;

    /// <summary>Time for a client to send its CONNECT line.</summary>
    public const long HandshakeMilliseconds = 2_000;

    /// <summary>Time for the guest to answer a REQUEST. An emulated guest under load takes its time.</summary>
    public const long ConnectMilliseconds = 10_000;

    /// <summary>Time for the guest to let go of a stream that the host has closed.</summary>
    public const long CloseMilliseconds = 2_000;

    /// <summary>Pause after the process ran out of descriptors, before connections are accepted again.</summary>
    public const long AcceptRetryMilliseconds = 100;
}
