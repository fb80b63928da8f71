using Kata.Linux.Netlink;

namespace Kata.Shim.Resources.Network;

/// <summary>An interface of the pod's network namespace with all that belongs to it.</summary>
/// <param name="Link">The interface.</param>
/// <param name="TapName">The TAP device that carries its packets to the guest.</param>
/// <param name="Addresses">Its addresses.</param>
/// <param name="Routes">The routes through it.</param>
/// <param name="Neighbors">Its neighbours.</param>
internal sealed record PodInterface(
    NetworkLink Link,
    string TapName,
    IReadOnlyList<NetworkAddress> Addresses,
    IReadOnlyList<NetworkRoute> Routes,
    IReadOnlyList<NetworkNeighbor> Neighbors);
