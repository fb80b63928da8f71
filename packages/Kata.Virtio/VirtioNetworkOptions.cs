using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Virtio;

/// <summary>How a guest's network card is connected.</summary>
public sealed record VirtioNetworkOptions
{
    /// <summary>
    /// Name of a TAP device in the calling thread's network namespace, which exists and stays. It was made for several queues
    /// when <see cref="QueuePairs"/> is more than 1, and nobody else may have it open.
    /// </summary>
    public required string TapName { get; init; }

    /// <summary>The card's address, <c>aa:bb:cc:dd:ee:ff</c>; not a multicast address.</summary>
    public required string MacAddress { get; init; }

    /// <summary>Pairs of receive and transmit queues, each with a thread: 1 to 256. A guest uses as many as it has CPUs.</summary>
    public int QueuePairs { get; init; } = 1;

    /// <summary>Entries of each queue: a power of two from 16 to 1024.</summary>
    public int QueueSize { get; init; } = 256;

    /// <summary>The largest packet that the guest is told to use, in bytes: 68 or more. Null leaves that to the guest.</summary>
    public ushort? Mtu { get; init; }

    /// <summary>Where events of the device are reported.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
