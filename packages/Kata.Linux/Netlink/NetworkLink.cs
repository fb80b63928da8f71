namespace Kata.Linux.Netlink;

/// <summary>A network interface.</summary>
/// <param name="Index">Its number in the network namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What made it: veth, tun, macvlan…; empty for hardware.</param>
/// <param name="MacAddress">Hardware address; empty when it has none.</param>
/// <param name="Mtu">Largest packet.</param>
/// <param name="Flags">IFF_* flags (linux/if.h).</param>
public sealed record NetworkLink(int Index, string Name, string Kind, string MacAddress, uint Mtu, uint Flags)
{
    /// <summary>IFF_UP.</summary>
    public const uint Up = 1;

    /// <summary>IFF_LOOPBACK.</summary>
    public const uint Loopback = 8;

    /// <summary>IFF_NOARP.</summary>
    public const uint NoArp = 0x80;
}
