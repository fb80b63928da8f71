using System.Net;

namespace Kata.Linux.Netlink;

/// <summary>A unicast route of the main table.</summary>
/// <param name="LinkIndex">The interface packets leave through.</param>
/// <param name="IsIPv6">Address family.</param>
/// <param name="Destination">The network; null for the default route.</param>
/// <param name="PrefixLength">Bits of the network.</param>
/// <param name="Gateway">The next hop, or null.</param>
/// <param name="Source">The preferred source address, or null.</param>
/// <param name="Scope">RT_SCOPE_*.</param>
/// <param name="Protocol">RTPROT_*: who made it.</param>
/// <param name="Flags">RTNH_F_*.</param>
/// <param name="Mtu">The route's MTU; 0 when it has none of its own.</param>
public sealed record NetworkRoute(
    int LinkIndex, bool IsIPv6, IPAddress? Destination, int PrefixLength, IPAddress? Gateway, IPAddress? Source, byte Scope, byte Protocol,
    uint Flags, uint Mtu)
{
    /// <summary>RTPROT_KERNEL: made by the kernel when an address was added.</summary>
    public const byte KernelProtocol = 2;

    /// <summary>RTNH_F_ONLINK: the gateway is reachable although no route says so. The other flags tell the state of the link.</summary>
    public const uint OnLink = 4;
}
