using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio;

/// <summary>
/// How to run a <see cref="VhostUserVsock"/>. One of <see cref="VhostUserSocketPath"/> and <see cref="VhostUserConnection"/> is needed.
/// </summary>
public sealed record VhostUserVsockOptions : VirtioVsockOptions
{
    /// <summary>Absolute path of the unix socket to make for the VMM; at most 107 bytes, and nothing may be there yet. Mode 0600.</summary>
    public string? VhostUserSocketPath { get; init; }

    /// <summary>
    /// Instead of a path: one end of a unix socket pair whose other end the VMM inherits. Owned by the device from its start on.
    /// </summary>
    public SafeFileHandle? VhostUserConnection { get; init; }
}
