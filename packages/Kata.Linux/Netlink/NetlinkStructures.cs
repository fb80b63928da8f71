using System.Runtime.InteropServices;

namespace Kata.Linux.Netlink;

/// <summary>struct ifinfomsg (linux/rtnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinkMessage
{
    internal byte Family;
    internal byte Padding;
    internal ushort Type;
    internal int Index;
    internal uint Flags;
    internal uint Change;
}

/// <summary>struct ifaddrmsg (linux/if_addr.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AddressMessage
{
    internal byte Family;
    internal byte PrefixLength;
    internal byte Flags;
    internal byte Scope;
    internal int Index;
}

/// <summary>struct rtmsg (linux/rtnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RouteMessage
{
    internal byte Family;
    internal byte DestinationLength;
    internal byte SourceLength;
    internal byte Tos;
    internal byte Table;
    internal byte Protocol;
    internal byte Scope;
    internal byte Type;
    internal uint Flags;
}

/// <summary>struct ndmsg (linux/neighbour.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NeighborMessage
{
    internal byte Family;
    internal byte Padding1;
    internal ushort Padding2;
    internal int Index;
    internal ushort State;
    internal byte Flags;
    internal byte Type;
}

/// <summary>struct tcmsg (linux/rtnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TrafficControlMessage
{
    internal byte Family;
    internal byte Padding1;
    internal ushort Padding2;
    internal int Index;
    internal uint Handle;
    internal uint Parent;
    internal uint Info;
}

/// <summary>struct tc_u32_sel with one key (linux/pkt_cls.h): 32 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct U32Selector
{
    internal byte Flags;
    internal byte OffsetShift;
    internal byte KeyCount;
    internal byte Padding;
    internal ushort OffsetMask;
    internal ushort Offset;
    internal short OffsetOffset;
    internal short HashOffset;
    internal uint HashMask;
    internal uint KeyMask;
    internal uint KeyValue;
    internal int KeyOffset;
    internal int KeyOffsetMask;
}

/// <summary>struct tc_mirred (linux/tc_act/tc_mirred.h): 28 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MirrorRedirect
{
    internal uint Index;
    internal uint Capabilities;
    internal int Action;
    internal int ReferenceCount;
    internal int BindCount;
    internal int MirrorAction;
    internal int InterfaceIndex;
}
