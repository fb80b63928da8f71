using System.Globalization;
using System.Net;
using Kata.Linux.Netlink;
using Kata.Protocols.Agent;
using IPAddress = System.Net.IPAddress;

namespace Kata.Guest.Agent.Network;

/// <summary>Routes of the agent's protocol and of the kernel.</summary>
internal static class RouteConversion
{
    /// <summary>RTPROT_BOOT: set up while the machine starts.</summary>
    private const byte BootProtocol = 3;

    /// <exception cref="AgentException">INVALID_ARGUMENT.</exception>
    public static NetworkRoute FromAgent(Route route, int linkIndex)
    {
        IPAddress? destination = null;
        var prefix = 0;
        if (route.Dest is not ("" or "default"))
            (destination, prefix) = ParseDestination(route.Dest);
        if (prefix == 0)
            destination = null;
        return new NetworkRoute(
            linkIndex, route.Family == IPFamily.V6, destination, prefix, ParseAddress(route.Gateway), ParseAddress(route.Source),
            (byte)route.Scope, BootProtocol, route.Flags, route.Mtu);
    }

    public static Route ToAgent(NetworkRoute route, string device) => new()
    {
        Dest = route.Destination is { } destination ? string.Create(CultureInfo.InvariantCulture, $"{destination}/{route.PrefixLength}") : "",
        Gateway = route.Gateway?.ToString() ?? "",
        Device = device,
        Source = route.Source?.ToString() ?? "",
        Scope = route.Scope,
        Family = route.IsIPv6 ? IPFamily.V6 : IPFamily.V4,
        Flags = route.Flags,
        Mtu = route.Mtu,
    };

    private static (IPAddress Address, int PrefixLength) ParseDestination(string text)
    {
        if (IPNetwork.TryParse(text, out var network))
            return (network.BaseAddress, network.PrefixLength);
        if (ParseAddress(text) is { } address)
            return (address, address.GetAddressBytes().Length * 8);
        throw AgentException.Invalid("A route has no destination.");
    }

    private static IPAddress? ParseAddress(string text)
    {
        if (text.Length == 0)
            return null;
        return IPAddress.TryParse(text, out var address) ? address : throw AgentException.Invalid($"'{text}' is no IP address or network.");
    }
}
