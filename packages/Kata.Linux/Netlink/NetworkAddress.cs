using System.Net;

namespace Kata.Linux.Netlink;

/// <summary>An address of an interface.</summary>
/// <param name="LinkIndex">The interface.</param>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Bits of the network.</param>
/// <param name="Scope">RT_SCOPE_*.</param>
public sealed record NetworkAddress(int LinkIndex, IPAddress Address, int PrefixLength, byte Scope);
