using Kata.Virtio.Devices;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.VhostUser;

/// <summary>What the front end has said about one ring. It runs when it has an address, a kick descriptor and is enabled.</summary>
internal sealed class VhostUserRing(int index)
{
    /// <summary>The ring as the device has it. Its position tells a paused machine from a restarted one.</summary>
    public ServedQueue Served { get; } = new(index);

    /// <summary>Belongs to the thread of the ring's worker.</summary>
    public EventFdInterrupt Call { get; } = new();

    public EventFdInterrupt Error { get; } = new();

    public ushort Size { get; set; }

    public (ulong Descriptors, ulong Available, ulong Used)? Address { get; set; }

    public bool IsEnabled { get; set; }

    public bool IsStarted { get; set; }

    /// <summary>The ring has run since the device was last reset.</summary>
    public bool HasRun { get; set; }

    public SafeFileHandle? Kick { get; set; }
}
