using System.Runtime.CompilerServices;
using Kata.Virtio.Devices;
using Kata.Virtio.Memory;

namespace Kata.Virtio.Queues;

/// <summary>
/// The device side of a split virtqueue (virtio 1.2, 2.7). Single-threaded. The driver is hostile: indexes are checked, descriptors copied
/// once before they are judged, and a violation makes the queue <see cref="Error">broken</see> instead of throwing.
/// </summary>
internal sealed unsafe partial class SplitQueue
{
    public const int MaxSize = 32768;

    private const ushort AvailableNoInterrupt = 1;
    private const ushort UsedNoNotify = 1;

    private QueueLayout _layout;
    private GuestMemory _memory = null!;
    private IQueueInterrupt _interrupt = null!;

    // SAFETY: checked by TryBind for the whole of each ring; valid until the queue is bound anew or its transport drops the memory,
    // and the transport stops or rebinds the queue first.
    private byte* _descriptors;
    private byte* _available;
    private byte* _used;
    private ushort _nextAvailable;
    private ushort _nextUsed;
    private ushort _publishedUsed;
    private bool _notificationsEnabled;

    /// <summary>Why the queue is broken.</summary>
    public QueueError Error { get; private set; }

    /// <summary>Entries.</summary>
    public ushort Size => _layout.Size;

    /// <summary>The available index up to which chains were taken: where a paused queue goes on.</summary>
    public ushort Position => _nextAvailable;

    /// <summary>
    /// Binds the queue to where the driver put it. False when the layout is not acceptable; the queue must not be used then.
    /// </summary>
    /// <param name="position">Where to go on: 0, or the <see cref="Position"/> at which it was stopped.</param>
    public bool TryConfigure(GuestMemory memory, in QueueLayout layout, ushort position, IQueueInterrupt interrupt)
    {
        if (!TryBind(memory, layout))
            return false;
        _interrupt = interrupt;
        _nextAvailable = position;
        _nextUsed = _publishedUsed = Volatile.Read(ref UsedIndex);
        _notificationsEnabled = true;
        Error = QueueError.None;
        return true;
    }

    /// <summary>Binds the queue, as it is, to a changed view of guest memory. False when it is not in there any more.</summary>
    public bool TryRebind(GuestMemory memory) => TryBind(memory, _layout);

    /// <summary>True when the driver has made something available. A hint: only <see cref="TryPop"/> checks.</summary>
    public bool HasAvailable => Volatile.Read(ref AvailableIndex) != _nextAvailable;

    /// <summary>Gives a chain back with the number of bytes written into it. The driver sees it after <see cref="Publish"/>.</summary>
    public void PushUsed(ushort head, uint written)
    {
        var element = (uint*)(_used + 4 + ((_nextUsed & (Size - 1)) * 8));
        element[0] = head;
        element[1] = written;
        _nextUsed++;
    }

    /// <summary>Shows the driver what was pushed, and interrupts it if it asked for that.</summary>
    public void Publish()
    {
        if (_nextUsed == _publishedUsed)
            return;
        var previous = _publishedUsed;
        _publishedUsed = _nextUsed;
        Volatile.Write(ref UsedIndex, _nextUsed);
        // The driver writes its wish, then reads our index: we must write the index, then read its wish (2.7.7.2, 2.7.10.1).
        Interlocked.MemoryBarrier();
        if (_layout.EventIndex)
        {
            var wish = Volatile.Read(ref UsedEvent);
            if ((ushort)(_nextUsed - wish - 1) >= (ushort)(_nextUsed - previous))
                return;
        }
        else if ((Volatile.Read(ref AvailableFlags) & AvailableNoInterrupt) != 0)
        {
            return;
        }

        _interrupt.Signal();
    }

    /// <summary>
    /// Asks the driver to notify about new buffers. True when some came in meanwhile: process them, no notification will come for those.
    /// </summary>
    public bool EnableNotifications()
    {
        if (_layout.EventIndex)
            Volatile.Write(ref AvailableEvent, _nextAvailable);
        else if (!_notificationsEnabled)
            Volatile.Write(ref UsedFlags, 0);
        _notificationsEnabled = true;
        // The driver writes its index, then reads our wish: we must write the wish, then read its index.
        Interlocked.MemoryBarrier();
        return HasAvailable;
    }

    /// <summary>Tells the driver that no notification is needed for now. It may send some all the same.</summary>
    public void DisableNotifications()
    {
        // With event indexes the wish is simply not renewed.
        if (_notificationsEnabled && !_layout.EventIndex)
            Volatile.Write(ref UsedFlags, UsedNoNotify);
        _notificationsEnabled = false;
    }

    private bool TryBind(GuestMemory memory, in QueueLayout layout)
    {
        if (!layout.TryResolve(memory, out var descriptors, out var available, out var used))
            return false;
        _memory = memory;
        _layout = layout;
        _descriptors = descriptors;
        _available = available;
        _used = used;
        return true;
    }

    private ref ushort AvailableFlags => ref *(ushort*)_available;

    private ref ushort AvailableIndex => ref *(ushort*)(_available + 2);

    private ref ushort UsedEvent => ref *(ushort*)(_available + 4 + (Size * 2));

    private ref ushort UsedFlags => ref *(ushort*)_used;

    private ref ushort UsedIndex => ref *(ushort*)(_used + 2);

    private ref ushort AvailableEvent => ref *(ushort*)(_used + 4 + (Size * 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ushort AvailableEntry(ushort position) => Volatile.Read(ref *(ushort*)(_available + 4 + ((position & (Size - 1)) * 2)));
}
