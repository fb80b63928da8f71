namespace Kata.Linux;

/// <summary>What a reader of a TAP device can do with frames, so that the kernel need not: TUN_F_* (linux/if_tun.h).</summary>
[Flags]
public enum TapOffloads
{
    /// <summary>Whole frames with checksums only.</summary>
    None = 0,

    /// <summary>TUN_F_CSUM: takes frames without checksums. All others need it.</summary>
    Checksum = 0x01,

    /// <summary>TUN_F_TSO4: takes TCP segments over IPv4 that are larger than the MTU.</summary>
    Tcp4 = 0x02,

    /// <summary>TUN_F_TSO6: the same over IPv6.</summary>
    Tcp6 = 0x04,

    /// <summary>TUN_F_TSO_ECN: large TCP segments may have ECN bits. Needs one of the two before.</summary>
    TcpEcn = 0x08,

    /// <summary>TUN_F_USO4 and TUN_F_USO6: takes trains of UDP datagrams as one. Linux 6.2.</summary>
    Udp = 0x60,
}
