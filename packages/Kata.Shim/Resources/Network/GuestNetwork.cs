using System.Globalization;
using System.Net.Sockets;
using Kata.Linux.Netlink;
using Kata.Protocols.Agent;

namespace Kata.Shim.Resources.Network;

/// <summary>Turns what the host knows about an interface into what the agent is told.</summary>
internal static class GuestNetwork
{
    /// <summary>The interface as the guest must set it up.</summary>
    /// <param name="interface">The host's interface.</param>
    /// <param name="devicePath">PCI path of the card in the guest; empty when it is found by its MAC address alone.</param>
    public static Interface ToInterface(PodInterface @interface, string devicePath)
    {
        var link = @interface.Link;
        var result = new Interface
        {
            Device = link.Name,
            Name = link.Name,
            Mtu = link.Mtu,
            HwAddr = link.MacAddress,
            DevicePath = devicePath,
            Type = link.Kind.Length == 0 ? "device" : link.Kind,
            RawFlags = link.Flags & NetworkLink.NoArp,
        };
        result.IPAddresses.AddRange(@interface.Addresses.Select(address => new Kata.Protocols.Agent.IPAddress
        {
            Family = FamilyOf(address.Address),
            Address = address.Address.ToString(),
            Mask = address.PrefixLength.ToString(CultureInfo.InvariantCulture),
        }));
        return result;
    }

    /// <summary>The routes through the interface, except those the guest's kernel makes itself.</summary>
    public static IEnumerable<Route> ToRoutes(PodInterface @interface) =>
        from route in @interface.Routes
        where route.Protocol != NetworkRoute.KernelProtocol
        orderby route.IsIPv6
        select new Route
        {
            Dest = route.Destination is { } destination ? string.Create(CultureInfo.InvariantCulture, $"{destination}/{route.PrefixLength}") : "",
            Gateway = route.Gateway?.ToString() ?? "",
            Device = @interface.Link.Name,
            Source = route.Source?.ToString() ?? "",
            Scope = route.Scope,
            Family = route.IsIPv6 ? IPFamily.V6 : IPFamily.V4,
            Flags = route.Flags & NetworkRoute.OnLink,
            Mtu = route.Mtu,
        };

    /// <summary>The neighbours an administrator set.</summary>
    public static IEnumerable<ARPNeighbor> ToNeighbors(PodInterface @interface) =>
        from neighbor in @interface.Neighbors
        where neighbor.State == NetworkNeighbor.Permanent
        select new ARPNeighbor
        {
            ToIPAddress = new Kata.Protocols.Agent.IPAddress { Family = FamilyOf(neighbor.Address), Address = neighbor.Address.ToString() },
            Device = @interface.Link.Name,
            Lladdr = neighbor.MacAddress,
            State = neighbor.State,
            Flags = neighbor.Flags,
        };

    private static IPFamily FamilyOf(System.Net.IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? IPFamily.V6 : IPFamily.V4;
}
