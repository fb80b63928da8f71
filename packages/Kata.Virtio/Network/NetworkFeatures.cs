using Kata.Linux;

namespace Kata.Virtio.Network;

/// <summary>Feature bits of the network device (virtio 1.2, 5.1.3). "Guest" is what the driver receives, "host" what it sends.</summary>
internal static class NetworkFeatures
{
    public const ulong HostChecksum = 1UL << 0;
    public const ulong GuestChecksum = 1UL << 1;
    public const ulong ControlGuestOffloads = 1UL << 2;
    public const ulong Mtu = 1UL << 3;
    public const ulong Mac = 1UL << 5;
    public const ulong GuestTcp4 = 1UL << 7;
    public const ulong GuestTcp6 = 1UL << 8;
    public const ulong GuestTcpEcn = 1UL << 9;
    public const ulong HostTcp4 = 1UL << 11;
    public const ulong HostTcp6 = 1UL << 12;
    public const ulong HostTcpEcn = 1UL << 13;
    public const ulong MergeableBuffers = 1UL << 15;
    public const ulong Status = 1UL << 16;
    public const ulong ControlQueue = 1UL << 17;
    public const ulong ControlReceive = 1UL << 18;
    public const ulong MultiQueue = 1UL << 22;
    public const ulong ControlMacAddress = 1UL << 23;
    public const ulong GuestUdp4 = 1UL << 54;
    public const ulong GuestUdp6 = 1UL << 55;
    public const ulong HostUdp = 1UL << 56;

    /// <summary>Frames may be larger than the MTU.</summary>
    public const ulong GuestSegmentation = GuestTcp4 | GuestTcp6 | GuestUdp4 | GuestUdp6;

    /// <summary>What the command "guest offloads" switches.</summary>
    public const ulong GuestOffloads = GuestChecksum | GuestSegmentation | GuestTcpEcn;

    /// <summary>What a TAP device is to leave to the guest. Each offload needs those before it, or does not exist for the kernel.</summary>
    public static TapOffloads ToTapOffloads(ulong features)
    {
        const ulong Udp = GuestUdp4 | GuestUdp6;
        if ((features & GuestChecksum) == 0)
            return TapOffloads.None;
        var tcp = ((features & GuestTcp4) != 0 ? TapOffloads.Tcp4 : 0) | ((features & GuestTcp6) != 0 ? TapOffloads.Tcp6 : 0);
        if (tcp != 0 && (features & GuestTcpEcn) != 0)
            tcp |= TapOffloads.TcpEcn;
        return TapOffloads.Checksum | tcp | ((features & Udp) == Udp ? TapOffloads.Udp : 0);
    }
}
