namespace Kata.Virtio.Events;

/// <summary>A descriptor's place in an event loop. Events of an earlier user of the same slot do not match its generation.</summary>
internal readonly record struct EventRegistration(uint Slot, uint Generation)
{
    public ulong EpollToken => ((ulong)Generation << 32) | Slot;
}
