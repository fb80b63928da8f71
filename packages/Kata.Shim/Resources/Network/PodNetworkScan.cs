using System.Globalization;
using System.Net;
using Kata.Abstractions;
using Kata.Linux.Netlink;

namespace Kata.Shim.Resources.Network;

/// <summary>Finds the interfaces of the calling thread's network namespace that the guest is to get.</summary>
internal static class PodNetworkScan
{
    private const string TapSuffix = "_kata";

    /// <summary>Interfaces with an address, apart from loopback and our own TAP devices.</summary>
    /// <param name="network">The namespace.</param>
    /// <param name="known">Interfaces that the guest has already.</param>
    /// <exception cref="KataException">One of a kind that cannot be redirected.</exception>
    public static IReadOnlyList<PodInterface> Run(NetworkConfigurator network, IReadOnlyCollection<string> known)
    {
        var links = network.ListLinks();
        if (!links.Any(link => IsCandidate(link, known)))
            return [];
        var addresses = network.ListAddresses().Where(address => !IPAddress.IsLoopback(address.Address)).ToLookup(address => address.LinkIndex);
        var routes = network.ListRoutes().ToLookup(route => route.LinkIndex);
        var neighbors = network.ListNeighbors().ToLookup(neighbor => neighbor.LinkIndex);
        var found = new List<PodInterface>();
        foreach (var link in links.Where(link => IsCandidate(link, known) && addresses.Contains(link.Index)))
        {
            if (link.Kind is not ("" or "veth" or "macvlan" or "ipvlan" or "vlan" or "dummy" or "bridge" or "tun" or "bond" or "ifb"))
                throw new KataException(KataErrorKind.NotSupported, $"Interface {link.Name} is of kind {link.Kind}, which cannot be connected to a VM.");
            if (link.MacAddress.Length == 0)
                throw new KataException(KataErrorKind.NotSupported, $"Interface {link.Name} has no Ethernet address, so it cannot be connected to a VM.");
            var tap = string.Create(CultureInfo.InvariantCulture, $"tap{known.Count + found.Count}{TapSuffix}");
            found.Add(new PodInterface(link, tap, addresses[link.Index].ToList(), routes[link.Index].ToList(), neighbors[link.Index].ToList()));
        }

        return found;
    }

    private static bool IsCandidate(NetworkLink link, IReadOnlyCollection<string> known) =>
        (link.Flags & NetworkLink.Loopback) == 0 && !link.Name.EndsWith(TapSuffix, StringComparison.Ordinal) && !known.Contains(link.Name);
}
