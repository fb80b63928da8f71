using Microsoft.Extensions.Logging;

namespace Kata.Ttrpc;

/// <summary>Settings of a <see cref="TtrpcServer"/>.</summary>
public sealed record TtrpcServerOptions
{
    /// <summary>
    /// Accept unix socket peers only when their user and group are this process's effective ones; others are closed without a byte.
    /// Does not apply to vsock, which knows no users. Default true.
    /// </summary>
    public bool RequireSameUser { get; init; } = true;

    /// <summary>Code around every call; null for none.</summary>
    public TtrpcMiddleware? Middleware { get; init; }

    /// <summary>
    /// The bytes of received messages one stream may have waiting for its handler; more fail the stream with RESOURCE_EXHAUSTED,
    /// because ttrpc has no flow control. Default 4 MiB.
    /// </summary>
    public int MaxStreamBacklog { get; init; } = 4 << 20;

    /// <summary>Where calls (debug), broken connections and refused peers are reported; null for nowhere.</summary>
    public ILogger? Logger { get; init; }
}
