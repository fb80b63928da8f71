namespace Kata.Virtio.Network;

internal static class NetworkLimits
{
    /// <summary>A header, an Ethernet header with a VLAN tag, and the largest packet of IPv4: what the largest frame takes.</summary>
    public const int MaxFrameBytes = NetworkHeader.Size + LinkBytes + 65535;

    public const int MinFrameBytes = NetworkHeader.Size + 14;

    /// <summary>An Ethernet header with a VLAN tag.</summary>
    public const int LinkBytes = 18;

    public const int DefaultMtu = 1500;

    /// <summary>What one TAP device takes: MAX_TAP_QUEUES of Linux.</summary>
    public const int MaxQueuePairs = 256;

    /// <summary>Frames of one direction per round: the other direction gets its turn after that.</summary>
    public const int Budget = 64;

    /// <summary>Commands per round.</summary>
    public const int ControlBudget = 16;
}
