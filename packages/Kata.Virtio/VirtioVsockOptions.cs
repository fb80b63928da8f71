using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Virtio;

/// <summary>How a guest and the host reach each other through a virtio socket device.</summary>
public record VirtioVsockOptions
{
    /// <summary>
    /// Absolute path of the unix socket to make for host clients; at most 96 bytes, so that <c>_port</c> fits behind it for
    /// connections of the guest. Nothing may be there yet. Mode 0600.
    /// </summary>
    public required string HybridSocketPath { get; init; }

    /// <summary>The guest's context id: 3 or higher. With this device it need not be unique on the host.</summary>
    public required uint GuestCid { get; init; }

    /// <summary>
    /// How long a client's CONNECT is held while the guest's driver is not up. Then it is closed without an answer.
    /// <see cref="Timeout.InfiniteTimeSpan"/> holds it as long as the client waits.
    /// </summary>
    public TimeSpan GuestReadyTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Where events of the device are reported.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
