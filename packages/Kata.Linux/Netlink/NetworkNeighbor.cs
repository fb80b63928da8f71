using System.Net;

namespace Kata.Linux.Netlink;

/// <summary>An entry of the neighbour (ARP) table.</summary>
/// <param name="LinkIndex">The interface.</param>
/// <param name="Address">The neighbour's address.</param>
/// <param name="MacAddress">Its hardware address.</param>
/// <param name="State">NUD_* state.</param>
/// <param name="Flags">NTF_* flags.</param>
public sealed record NetworkNeighbor(int LinkIndex, IPAddress Address, string MacAddress, ushort State, byte Flags)
{
    /// <summary>NUD_PERMANENT: set by an administrator.</summary>
    public const ushort Permanent = 0x80;
}
