using Kata.Guest.Agent.Streams;
using Kata.Linux;
using Kata.Linux.Netlink;
using Kata.Protocols.Agent;

namespace Kata.Guest.Agent.Network;

/// <summary>The guest's network, set up as the host wants it.</summary>
internal sealed class GuestNetwork
{
    private const string Loopback = "lo";

    private readonly ReadinessPoller _poller;
    private readonly TimeSpan _timeout;

    /// <param name="timeout">How long an interface may take to appear.</param>
    public GuestNetwork(ReadinessPoller poller, TimeSpan timeout)
    {
        _poller = poller;
        _timeout = timeout;
    }

    /// <summary>Brings the loopback interface up.</summary>
    public static void EnableLoopback()
    {
        using var network = new NetworkConfigurator();
        if (network.ListLinks().FirstOrDefault(link => link.Name == Loopback) is { } loopback)
            network.SetLinkFlags(loopback.Index, NetworkLink.Up, NetworkLink.Up);
    }

    /// <summary>Gives the interface with the hardware address its name, addresses and MTU, and brings it up.</summary>
    /// <exception cref="AgentException">INVALID_ARGUMENT; DEADLINE_EXCEEDED when there is no such interface in time.</exception>
    public async Task UpdateInterfaceAsync(Interface wanted, CancellationToken cancellationToken)
    {
        var addresses = InterfaceAddresses.Parse(wanted.IPAddresses, hasIPv6: InterfaceAddresses.GuestHasIPv6);
        await WaitForLinkAsync(wanted.HwAddr, cancellationToken);
        using var network = new NetworkConfigurator();
        var link = FindByMac(network, wanted.HwAddr) ?? throw AgentException.Failed($"The interface {wanted.HwAddr} went away.");

        network.SetLinkFlags(link.Index, 0, NetworkLink.Up);
        foreach (var old in network.ListAddresses().Where(address => address.LinkIndex == link.Index))
            network.RemoveAddress(old);
        foreach (var (address, prefix) in addresses)
            network.AddAddress(link.Index, address, prefix);
        if (wanted.Name.Length > 0 && wanted.Name != link.Name)
            Rename(network, link, wanted.Name);
        if (wanted.Mtu is > 0 and <= uint.MaxValue)
            network.SetLinkMtu(link.Index, (uint)wanted.Mtu);
        network.SetLinkFlags(link.Index, NetworkLink.Up | (wanted.RawFlags & NetworkLink.NoArp), NetworkLink.Up | NetworkLink.NoArp);
    }

    /// <summary>Adds routes that are not there yet; first those that gateways are reached through.</summary>
    public static void AddRoutes(IEnumerable<Route> routes)
    {
        using var network = new NetworkConfigurator();
        var links = network.ListLinks();
        foreach (var route in routes.OrderBy(route => route.Gateway.Length > 0).ThenBy(route => route.Gateway.Length > 0 && route.Dest.Length == 0))
            network.AddRoute(RouteConversion.FromAgent(route, LinkIndex(links, route.Device)));
    }

    public static void AddNeighbors(IEnumerable<ARPNeighbor> neighbors)
    {
        using var network = new NetworkConfigurator();
        var links = network.ListLinks();
        foreach (var neighbor in neighbors)
        {
            var (address, _) = InterfaceAddresses.ParseOne(neighbor.ToIPAddress ?? throw AgentException.Invalid("A neighbour has no address."));
            var state = neighbor.State == 0 ? NetworkNeighbor.Permanent : (ushort)neighbor.State;
            network.SetNeighbor(
                new NetworkNeighbor(LinkIndex(links, neighbor.Device), address, neighbor.Lladdr, state, (byte)neighbor.Flags));
        }
    }

    public static Interfaces ListInterfaces()
    {
        using var network = new NetworkConfigurator();
        var addresses = network.ListAddresses().ToLookup(address => address.LinkIndex);
        var list = new Interfaces();
        foreach (var link in network.ListLinks().Where(link => (link.Flags & NetworkLink.Loopback) == 0))
        {
            var item = new Interface { Device = link.Name, Name = link.Name, HwAddr = link.MacAddress, Mtu = link.Mtu, Type = link.Kind, RawFlags = link.Flags };
            item.IPAddresses.AddRange(addresses[link.Index].Select(InterfaceAddresses.ToAgent));
            list.Interfaces_.Add(item);
        }

        return list;
    }

    public static Routes ListRoutes()
    {
        using var network = new NetworkConfigurator();
        var names = network.ListLinks().ToDictionary(link => link.Index, link => link.Name);
        var list = new Routes();
        list.Routes_.AddRange(network.ListRoutes().Select(route => RouteConversion.ToAgent(route, names.GetValueOrDefault(route.LinkIndex, ""))));
        return list;
    }

    private async Task WaitForLinkAsync(string mac, CancellationToken cancellationToken)
    {
        using var events = KernelEvents.Subscribe();
        using var readiness = _poller.Watch(events);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(_timeout);
        try
        {
            while (!Exists(mac))
            {
                await readiness.WaitAsync(EpollEvents.Readable, timeout.Token);
                KernelEvents.Drain(events);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AgentException(
                Grpc.Core.StatusCode.DeadlineExceeded, $"No interface with the hardware address '{mac}' appeared within {_timeout.TotalSeconds} s.");
        }
    }

    private static bool Exists(string mac)
    {
        using var network = new NetworkConfigurator();
        return FindByMac(network, mac) is not null;
    }

    private static NetworkLink? FindByMac(NetworkConfigurator network, string mac) =>
        network.ListLinks().FirstOrDefault(link => mac.Length > 0 && link.MacAddress.Equals(mac, StringComparison.OrdinalIgnoreCase));

    /// <summary>Another interface may have the name by chance of the order in which devices were found; it steps aside.</summary>
    private static void Rename(NetworkConfigurator network, NetworkLink link, string name)
    {
        if (network.ListLinks().FirstOrDefault(other => other.Name == name) is { } holder)
        {
            network.SetLinkFlags(holder.Index, 0, NetworkLink.Up);
            network.RenameLink(holder.Index, name + "_temp");
            if ((holder.Flags & NetworkLink.Up) != 0)
                network.SetLinkFlags(holder.Index, NetworkLink.Up, NetworkLink.Up);
        }

        network.RenameLink(link.Index, name);
    }

    private static int LinkIndex(IReadOnlyList<NetworkLink> links, string name)
    {
        if (name.Length == 0)
            return 0;
        return links.FirstOrDefault(link => link.Name == name)?.Index
            ?? throw AgentException.Invalid($"The guest has no network interface '{name}'.");
    }
}
