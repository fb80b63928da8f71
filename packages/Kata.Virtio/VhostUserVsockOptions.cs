using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio;

/// <summary>
/// How to run a <see cref="VhostUserVsock"/>. One of <see cref="VhostUserSocketPath"/> and <see cref="VhostUserConnection"/> is needed.
/// </summary>
public sealed record VhostUserVsockOptions
{
    /// <summary>Absolute path of the unix socket to make for the VMM; at most 107 bytes, and nothing may be there yet. Mode 0600.</summary>
    public string? VhostUserSocketPath { get; init; }

    /// <summary>
    /// Instead of a path: one end of a unix socket pair whose other end the VMM inherits. Owned by the device from its start on.
    /// </summary>
    public SafeFileHandle? VhostUserConnection { get; init; }

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
