using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static Kata.Linux.Netlink.NetlinkSocket;

namespace Kata.Linux.Netlink;

/// <summary>
/// Reads and changes the network of the calling thread's network namespace through rtnetlink(7). To be made and used on one thread.
/// </summary>
public sealed partial class NetworkConfigurator : IDisposable
{
    private const ushort RTM_NEWLINK = 16, RTM_DELLINK = 17, RTM_GETLINK = 18, RTM_NEWADDR = 20, RTM_GETADDR = 22;
    private const ushort RTM_NEWROUTE = 24, RTM_GETROUTE = 26, RTM_NEWNEIGH = 28, RTM_GETNEIGH = 30;
    private const ushort RTM_NEWQDISC = 36, RTM_DELQDISC = 37, RTM_NEWTFILTER = 44;
    private const ushort IFLA_ADDRESS = 1, IFLA_IFNAME = 3, IFLA_MTU = 4, IFLA_LINKINFO = 18, IFLA_INFO_KIND = 1;
    private const ushort IFA_ADDRESS = 1, IFA_LOCAL = 2;
    private const ushort RTA_DST = 1, RTA_OIF = 4, RTA_GATEWAY = 5, RTA_PREFSRC = 7, RTA_METRICS = 8, RTAX_MTU = 2;
    private const ushort NDA_DST = 1, NDA_LLADDR = 2;
    private const ushort TCA_KIND = 1, TCA_OPTIONS = 2, TCA_U32_SEL = 5, TCA_U32_ACT = 7, TCA_ACT_KIND = 1, TCA_ACT_OPTIONS = 2, TCA_MIRRED_PARMS = 2;
    private const byte RT_TABLE_MAIN = 254, RTN_UNICAST = 1;

    /// <summary>The ingress queueing discipline hangs at TC_H_INGRESS and is called ffff:.</summary>
    private const uint TC_H_INGRESS = 0xfffffff1, IngressHandle = 0xffff0000;

    private readonly NetlinkSocket _socket = new();

    /// <summary>All interfaces.</summary>
    public IReadOnlyList<NetworkLink> ListLinks()
    {
        var links = new List<NetworkLink>();
        Dump<LinkMessage>(RTM_GETLINK, RTM_NEWLINK, "list of interfaces", payload =>
        {
            var message = MemoryMarshal.Read<LinkMessage>(payload);
            string name = "", kind = "", mac = "";
            uint mtu = 0;
            var attributes = AttributesAfter<LinkMessage>(payload);
            while (attributes.MoveNext())
            {
                switch (attributes.Type)
                {
                    case IFLA_IFNAME: name = attributes.Text(); break;
                    case IFLA_ADDRESS: mac = attributes.Mac(); break;
                    case IFLA_MTU: mtu = attributes.Number(); break;
                    case IFLA_LINKINFO: kind = KindOf(attributes.Value); break;
                }
            }

            links.Add(new NetworkLink(message.Index, name, kind, mac, mtu, message.Flags));
        });
        return links;
    }

    /// <summary>All addresses.</summary>
    public IReadOnlyList<NetworkAddress> ListAddresses()
    {
        var addresses = new List<NetworkAddress>();
        Dump<AddressMessage>(RTM_GETADDR, RTM_NEWADDR, "list of addresses", payload =>
        {
            var message = MemoryMarshal.Read<AddressMessage>(payload);
            IPAddress? address = null, local = null;
            var attributes = AttributesAfter<AddressMessage>(payload);
            while (attributes.MoveNext())
            {
                if (attributes.Type == IFA_ADDRESS)
                    address = attributes.Address();
                else if (attributes.Type == IFA_LOCAL)
                    local = attributes.Address();
            }

            // On point-to-point links IFA_ADDRESS is the peer.
            if ((local ?? address) is { } own)
                addresses.Add(new NetworkAddress(message.Index, own, message.PrefixLength, message.Scope));
        });
        return addresses;
    }

    /// <summary>The unicast routes of the main table, both families.</summary>
    public IReadOnlyList<NetworkRoute> ListRoutes()
    {
        var routes = new List<NetworkRoute>();
        Dump<RouteMessage>(RTM_GETROUTE, RTM_NEWROUTE, "list of routes", payload =>
        {
            var message = MemoryMarshal.Read<RouteMessage>(payload);
            if (message is { Table: RT_TABLE_MAIN, Type: RTN_UNICAST })
                routes.Add(ReadRoute(message, AttributesAfter<RouteMessage>(payload)));
        });
        return routes;
    }

    /// <summary>The neighbour table.</summary>
    public IReadOnlyList<NetworkNeighbor> ListNeighbors()
    {
        var neighbors = new List<NetworkNeighbor>();
        Dump<NeighborMessage>(RTM_GETNEIGH, RTM_NEWNEIGH, "list of neighbours", payload =>
        {
            var message = MemoryMarshal.Read<NeighborMessage>(payload);
            IPAddress? address = null;
            var mac = "";
            var attributes = AttributesAfter<NeighborMessage>(payload);
            while (attributes.MoveNext())
            {
                if (attributes.Type == NDA_DST)
                    address = attributes.Address();
                else if (attributes.Type == NDA_LLADDR)
                    mac = attributes.Mac();
            }

            if (address is not null)
                neighbors.Add(new NetworkNeighbor(message.Index, address, mac, message.State, message.Flags));
        });
        return neighbors;
    }

    /// <summary>Sets the MTU of an interface and brings it up.</summary>
    public void BringUp(int linkIndex, uint mtu)
    {
        var writer = new NetlinkWriter(stackalloc byte[64], RTM_NEWLINK, NLM_F_ACK);
        writer.Add(new LinkMessage { Index = linkIndex, Flags = NetworkLink.Up, Change = NetworkLink.Up });
        writer.Attribute(IFLA_MTU, mtu);
        _socket.Request(writer.Finish(_socket.NextSequence()), $"bring up interface {linkIndex}");
    }

    /// <summary>Deletes an interface; false when there is none of that name.</summary>
    public bool DeleteLink(string name)
    {
        var writer = new NetlinkWriter(stackalloc byte[128], RTM_DELLINK, NLM_F_ACK);
        writer.Add(default(LinkMessage));
        writer.Attribute(IFLA_IFNAME, name);
        try
        {
            _socket.Request(writer.Finish(_socket.NextSequence()), $"delete interface {name}");
            return true;
        }
        catch (LinuxException exception) when (exception.Errno == Errno.ENODEV)
        {
            return false;
        }
    }

    /// <summary>Gives an interface the queueing discipline that filters of incoming packets hang at.</summary>
    /// <exception cref="LinuxException">EEXIST when it has one.</exception>
    public void AddIngress(int linkIndex)
    {
        var writer = new NetlinkWriter(stackalloc byte[64], RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
        writer.Add(new TrafficControlMessage { Index = linkIndex, Handle = IngressHandle, Parent = TC_H_INGRESS });
        writer.Attribute(TCA_KIND, "ingress");
        _socket.Request(writer.Finish(_socket.NextSequence()), $"add ingress qdisc to interface {linkIndex}");
    }

    /// <summary>Takes the ingress queueing discipline and all its filters away; false when there is none.</summary>
    public bool RemoveIngress(int linkIndex)
    {
        var writer = new NetlinkWriter(stackalloc byte[64], RTM_DELQDISC, NLM_F_ACK);
        writer.Add(new TrafficControlMessage { Index = linkIndex, Handle = IngressHandle, Parent = TC_H_INGRESS });
        try
        {
            _socket.Request(writer.Finish(_socket.NextSequence()), $"remove ingress qdisc of interface {linkIndex}");
            return true;
        }
        catch (LinuxException exception) when (exception.Errno is Errno.ENOENT or Errno.EINVAL or Errno.ENODEV)
        {
            return false;
        }
    }

    /// <summary>Sends every packet that comes in at one interface out of another.</summary>
    public void RedirectAll(int fromIndex, int toIndex)
    {
        const uint ProtocolAll = 0x0300; // htons(ETH_P_ALL), without a priority.
        const byte TC_U32_TERMINAL = 1;
        const int TC_ACT_STOLEN = 4, TCA_EGRESS_REDIR = 1;
        var writer = new NetlinkWriter(stackalloc byte[256], RTM_NEWTFILTER, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
        writer.Add(new TrafficControlMessage { Index = fromIndex, Parent = IngressHandle, Info = ProtocolAll });
        writer.Attribute(TCA_KIND, "u32");
        var options = writer.BeginNested(TCA_OPTIONS);
        // A key with an empty mask matches every packet.
        writer.Attribute(TCA_U32_SEL, new U32Selector { Flags = TC_U32_TERMINAL, KeyCount = 1 });
        var actions = writer.BeginNested(TCA_U32_ACT);
        var action = writer.BeginNested(1);
        writer.Attribute(TCA_ACT_KIND, "mirred");
        var actionOptions = writer.BeginNested(TCA_ACT_OPTIONS);
        writer.Attribute(TCA_MIRRED_PARMS, new MirrorRedirect { Action = TC_ACT_STOLEN, MirrorAction = TCA_EGRESS_REDIR, InterfaceIndex = toIndex });
        writer.End(actionOptions);
        writer.End(action);
        writer.End(actions);
        writer.End(options);
        _socket.Request(writer.Finish(_socket.NextSequence()), $"redirect interface {fromIndex} to {toIndex}");
    }

    /// <summary>Closes the socket.</summary>
    public void Dispose() => _socket.Dispose();

    private static NetworkRoute ReadRoute(in RouteMessage message, NetlinkAttributes attributes)
    {
        IPAddress? destination = null, gateway = null, source = null;
        int link = 0;
        uint mtu = 0;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case RTA_DST: destination = attributes.Address(); break;
                case RTA_GATEWAY: gateway = attributes.Address(); break;
                case RTA_PREFSRC: source = attributes.Address(); break;
                case RTA_OIF: link = (int)attributes.Number(); break;
                case RTA_METRICS: mtu = MtuOf(attributes.Value); break;
            }
        }

        const byte AF_INET6 = 10;
        return new NetworkRoute(
            link, message.Family == AF_INET6, destination, message.DestinationLength, gateway, source, message.Scope, message.Protocol, message.Flags, mtu);
    }

    private static string KindOf(ReadOnlySpan<byte> linkInfo)
    {
        var attributes = new NetlinkAttributes(linkInfo);
        while (attributes.MoveNext())
        {
            if (attributes.Type == IFLA_INFO_KIND)
                return attributes.Text();
        }

        return "";
    }

    private static uint MtuOf(ReadOnlySpan<byte> metrics)
    {
        var attributes = new NetlinkAttributes(metrics);
        while (attributes.MoveNext())
        {
            if (attributes.Type == RTAX_MTU)
                return attributes.Number();
        }

        return 0;
    }

    private static NetlinkAttributes AttributesAfter<T>(ReadOnlySpan<byte> payload)
        where T : unmanaged => new(payload[Unsafe.SizeOf<T>()..]);

    private void Dump<T>(ushort request, ushort answer, string what, MessageHandler handler)
        where T : unmanaged
    {
        var writer = new NetlinkWriter(stackalloc byte[64], request, NLM_F_DUMP);
        writer.Add(default(T));
        _socket.Dump(writer.Finish(_socket.NextSequence()), answer, what, payload =>
        {
            if (payload.Length >= Unsafe.SizeOf<T>())
                handler(payload);
        });
    }
}
