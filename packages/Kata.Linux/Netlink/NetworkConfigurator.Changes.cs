using System.Net;
using System.Net.Sockets;
using static Kata.Linux.Netlink.NetlinkSocket;

namespace Kata.Linux.Netlink;

public sealed partial class NetworkConfigurator
{
    private const ushort RTM_DELADDR = 21;
    private const byte InternetFamily = 2, Internet6Family = 10;

    /// <summary>Sets and clears IFF_* flags of an interface, e.g. brings it up or down.</summary>
    /// <param name="flags">The new values of the flags in <paramref name="mask"/>.</param>
    public void SetLinkFlags(int linkIndex, uint flags, uint mask)
    {
        var writer = new NetlinkWriter(stackalloc byte[64], RTM_NEWLINK, NLM_F_ACK);
        writer.Add(new LinkMessage { Index = linkIndex, Flags = flags, Change = mask });
        _socket.Request(writer.Finish(_socket.NextSequence()), $"set flags of interface {linkIndex}");
    }

    /// <summary>Renames an interface, which has to be down.</summary>
    public void RenameLink(int linkIndex, string name)
    {
        var writer = new NetlinkWriter(stackalloc byte[128], RTM_NEWLINK, NLM_F_ACK);
        writer.Add(new LinkMessage { Index = linkIndex });
        writer.Attribute(IFLA_IFNAME, name);
        _socket.Request(writer.Finish(_socket.NextSequence()), $"rename interface {linkIndex} to {name}");
    }

    /// <summary>Sets the largest packet of an interface.</summary>
    public void SetLinkMtu(int linkIndex, uint mtu)
    {
        var writer = new NetlinkWriter(stackalloc byte[64], RTM_NEWLINK, NLM_F_ACK);
        writer.Add(new LinkMessage { Index = linkIndex });
        writer.Attribute(IFLA_MTU, mtu);
        _socket.Request(writer.Finish(_socket.NextSequence()), $"set MTU of interface {linkIndex} to {mtu}");
    }

    /// <summary>Gives an interface an address, or replaces it. The scope is the kernel's choice.</summary>
    public void AddAddress(int linkIndex, IPAddress address, int prefixLength) =>
        ChangeAddress(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, linkIndex, address, prefixLength);

    /// <summary>Takes an address away from an interface.</summary>
    public void RemoveAddress(NetworkAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        ChangeAddress(RTM_DELADDR, NLM_F_ACK, address.LinkIndex, address.Address, address.PrefixLength);
    }

    /// <summary>Adds a route to the main table; false when there is one like it.</summary>
    public bool AddRoute(NetworkRoute route)
    {
        ArgumentNullException.ThrowIfNull(route);
        var writer = new NetlinkWriter(stackalloc byte[256], RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
        writer.Add(new RouteMessage
        {
            Family = route.IsIPv6 ? Internet6Family : InternetFamily,
            DestinationLength = (byte)route.PrefixLength,
            Table = RT_TABLE_MAIN,
            Protocol = route.Protocol,
            Scope = route.Scope,
            Type = RTN_UNICAST,
            Flags = route.Flags,
        });
        AddAddressAttribute(ref writer, RTA_DST, route.Destination);
        AddAddressAttribute(ref writer, RTA_GATEWAY, route.Gateway);
        AddAddressAttribute(ref writer, RTA_PREFSRC, route.Source);
        if (route.LinkIndex != 0)
            writer.Attribute(RTA_OIF, route.LinkIndex);
        if (route.Mtu != 0)
        {
            var metrics = writer.BeginNested(RTA_METRICS);
            writer.Attribute(RTAX_MTU, route.Mtu);
            writer.End(metrics);
        }

        try
        {
            _socket.Request(writer.Finish(_socket.NextSequence()), $"add route to {route.Destination?.ToString() ?? "default"}/{route.PrefixLength}");
            return true;
        }
        catch (LinuxException exception) when (exception.Errno == Errno.EEXIST)
        {
            return false;
        }
    }

    /// <summary>Adds an entry to the neighbour table, or replaces it.</summary>
    /// <exception cref="FormatException">The hardware address is not six hexadecimal bytes with colons.</exception>
    public void SetNeighbor(NetworkNeighbor neighbor)
    {
        ArgumentNullException.ThrowIfNull(neighbor);
        var writer = new NetlinkWriter(stackalloc byte[128], RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
        writer.Add(new NeighborMessage
        {
            Family = FamilyOf(neighbor.Address),
            Index = neighbor.LinkIndex,
            State = neighbor.State,
            Flags = neighbor.Flags,
        });
        AddAddressAttribute(ref writer, NDA_DST, neighbor.Address);
        if (neighbor.MacAddress.Length > 0)
            writer.Bytes(NDA_LLADDR, ParseMac(neighbor.MacAddress));
        _socket.Request(writer.Finish(_socket.NextSequence()), $"add neighbour {neighbor.Address}");
    }

    private void ChangeAddress(ushort type, ushort flags, int linkIndex, IPAddress address, int prefixLength)
    {
        var writer = new NetlinkWriter(stackalloc byte[128], type, flags);
        writer.Add(new AddressMessage { Family = FamilyOf(address), PrefixLength = (byte)prefixLength, Index = linkIndex });
        AddAddressAttribute(ref writer, IFA_LOCAL, address);
        AddAddressAttribute(ref writer, IFA_ADDRESS, address);
        _socket.Request(writer.Finish(_socket.NextSequence()), $"change address {address}/{prefixLength} of interface {linkIndex}");
    }

    private static byte FamilyOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? Internet6Family : InternetFamily;

    private static void AddAddressAttribute(ref NetlinkWriter writer, ushort type, IPAddress? address)
    {
        if (address is not null)
            writer.Bytes(type, address.GetAddressBytes());
    }

    private static byte[] ParseMac(string text)
    {
        var parts = text.Split(':');
        return parts.Length == 6
            ? Array.ConvertAll(parts, part => byte.Parse(part, System.Globalization.NumberStyles.AllowHexSpecifier, null))
            : throw new FormatException($"'{text}' is no hardware address.");
    }
}
