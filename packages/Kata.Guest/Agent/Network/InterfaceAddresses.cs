using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Kata.Linux.Netlink;
using Kata.Protocols.Agent;
using IPAddress = System.Net.IPAddress;

namespace Kata.Guest.Agent.Network;

/// <summary>Addresses of interfaces in the agent's protocol.</summary>
internal static class InterfaceAddresses
{
    private const string DisableIPv6 = "/proc/sys/net/ipv6/conf/all/disable_ipv6";

    /// <summary>Whether the guest's kernel speaks IPv6.</summary>
    public static bool GuestHasIPv6 => File.Exists(DisableIPv6) && File.ReadAllText(DisableIPv6).Trim() == "0";

    /// <summary>The addresses and their prefix lengths; those of IPv6 are left out where there is none.</summary>
    public static IReadOnlyList<(IPAddress Address, int PrefixLength)> Parse(IEnumerable<Kata.Protocols.Agent.IPAddress> addresses, bool hasIPv6) =>
        [.. addresses.Select(ParseOne).Where(pair => hasIPv6 || pair.Address.AddressFamily == AddressFamily.InterNetwork)];

    /// <summary>Reads one; the mask is a number of bits or, for IPv4, a netmask. None means the address alone.</summary>
    /// <exception cref="AgentException">INVALID_ARGUMENT.</exception>
    public static (IPAddress Address, int PrefixLength) ParseOne(Kata.Protocols.Agent.IPAddress address)
    {
        if (!IPAddress.TryParse(address.Address, out var parsed))
            throw AgentException.Invalid($"'{address.Address}' is no IP address.");
        var bits = parsed.GetAddressBytes().Length * 8;
        if (address.Mask.Length == 0)
            return (parsed, bits);
        if (int.TryParse(address.Mask, NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) && prefix <= bits)
            return (parsed, prefix);
        if (address.Mask.Contains('.', StringComparison.Ordinal) && IPAddress.TryParse(address.Mask, out var mask) && mask.AddressFamily == parsed.AddressFamily)
            return (parsed, mask.GetAddressBytes().Sum(part => byte.PopCount(part)));
        throw AgentException.Invalid($"'{address.Mask}' is no mask of {address.Address}.");
    }

    public static Kata.Protocols.Agent.IPAddress ToAgent(NetworkAddress address) => new()
    {
        Family = address.Address.AddressFamily == AddressFamily.InterNetworkV6 ? IPFamily.V6 : IPFamily.V4,
        Address = address.Address.ToString(),
        Mask = address.PrefixLength.ToString(CultureInfo.InvariantCulture),
    };
}
