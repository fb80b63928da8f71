using Microsoft.Extensions.Logging;

namespace Kata.Ttrpc;

/// <summary>Settings of a <see cref="TtrpcChannel"/>.</summary>
public sealed record TtrpcChannelOptions
{
    /// <summary>How long <see cref="TtrpcChannel.ConnectAsync"/> may take, handshake included. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The bytes of received messages one stream may have waiting for its reader; more fail the stream with RESOURCE_EXHAUSTED,
    /// because ttrpc has no flow control. Default 4 MiB.
    /// </summary>
    public int MaxStreamBacklog { get; init; } = 4 << 20;

    /// <summary>Where broken connections and odd frames are reported; null for nowhere.</summary>
    public ILogger? Logger { get; init; }
}
