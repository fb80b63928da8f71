using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Devices;

/// <summary>What a driver has said about one queue, and the queue itself while it runs.</summary>
internal sealed class QueueState(int index) : IEventHandler, IDisposable
{
    private readonly SplitQueue _queue = new();
    private IQueueWorker? _worker;
    private EventRegistration _kickRegistration;
    private ushort _position;

    /// <summary>The eventfd of the driver's notifications. Never read: each signal is an event of its own.</summary>
    public SafeFileHandle Kick { get; } = FileDescriptors.EventFd();

    /// <summary>Entries; 0 when the driver has not said, or asked for what cannot be.</summary>
    public ushort Size { get; set; }

    public ulong DescriptorTable { get; set; }

    public ulong AvailableRing { get; set; }

    public ulong UsedRing { get; set; }

    /// <summary>The driver has set the queue up.</summary>
    public bool IsReady { get; set; }

    /// <summary>The device has the queue.</summary>
    public bool IsStarted { get; set; }

    /// <summary>Where the queue lies, with what was negotiated for all queues.</summary>
    public QueueLayout Layout(ulong features) => new()
    {
        Size = Size,
        DescriptorTable = DescriptorTable,
        AvailableRing = AvailableRing,
        UsedRing = UsedRing,
        EventIndex = (features & VirtioFeatures.EventIndex) != 0,
        Indirect = (features & VirtioFeatures.IndirectDescriptors) != 0,
    };

    /// <summary>Gives the queue to its worker, on the worker's thread. False when its layout is not acceptable.</summary>
    public bool TryStart(EventLoop loop, IQueueWorker worker, GuestMemory memory, in QueueLayout layout, IQueueInterrupt interrupt)
    {
        if (!_queue.TryConfigure(memory, layout, _position, interrupt))
            return false;
        _worker = worker;
        _kickRegistration = loop.Add(Kick, EpollEvents.Readable | EpollEvents.EdgeTriggered, this);
        worker.StartQueue(index, _queue);
        return true;
    }

    /// <summary>Follows a change of guest memory, on the worker's thread. False when the queue is not in there any more.</summary>
    public bool TryRebind(GuestMemory memory) => _queue.TryRebind(memory);

    /// <summary>Takes the queue back, on the worker's thread. It starts again where it stops here.</summary>
    public void Stop(EventLoop loop)
    {
        loop.Remove(_kickRegistration, Kick);
        _worker!.StopQueue(index);
        _worker = null;
        _position = _queue.Position;
    }

    /// <summary>As if no driver had ever been there. The queue has stopped.</summary>
    public void Reset()
    {
        (Size, DescriptorTable, AvailableRing, UsedRing) = (0, 0, 0, 0);
        IsReady = false;
        _position = 0;
    }

    public void OnEvents(EpollEvents events, int token) => _worker!.NotifyQueue(index);

    public void Dispose() => Kick.Dispose();
}
