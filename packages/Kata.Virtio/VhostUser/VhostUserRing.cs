using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Queues;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.VhostUser;

/// <summary>What the front end has said about one ring. It runs when it has an address, a kick descriptor and is enabled.</summary>
internal sealed class VhostUserRing
{
    public SplitQueue Queue { get; } = new();

    public EventFdInterrupt Call { get; } = new();

    public EventFdInterrupt Error { get; } = new();

    public ushort Size { get; set; }

    public (ulong Descriptors, ulong Available, ulong Used)? Address { get; set; }

    /// <summary>Where the ring starts, or where it stopped.</summary>
    public ushort Base { get; set; }

    public bool IsEnabled { get; set; }

    public bool IsStarted { get; set; }

    /// <summary>
    /// The ring has run since the device was last reset, so <see cref="Base"/> tells a paused machine from a restarted one.
    /// </summary>
    public bool HasRun { get; set; }

    public SafeFileHandle? Kick { get; set; }

    public EventRegistration KickRegistration { get; set; }
}
