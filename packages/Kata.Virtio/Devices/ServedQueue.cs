using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Devices;

/// <summary>A queue in the hands of its worker, woken up by the driver's notifications. All calls come on the worker's thread.</summary>
internal sealed class ServedQueue(int index) : IEventHandler
{
    private readonly SplitQueue _queue = new();
    private EventLoop _loop = null!;
    private IQueueWorker _worker = null!;
    private SafeHandle _kick = null!;
    private EventRegistration _kickRegistration;

    /// <summary>Where the queue starts, or has stopped.</summary>
    public ushort Position { get; set; }

    /// <summary>Gives the queue to its worker. False when its layout is not acceptable.</summary>
    /// <param name="kick">
    /// Readable when the driver notifies. Stays open until <see cref="Stop"/>; never read: each signal is an event of its own.
    /// </param>
    /// <exception cref="LinuxException"><paramref name="kick"/> cannot be watched.</exception>
    public bool TryStart(
        EventLoop loop, IQueueWorker worker, SafeHandle kick, GuestMemory memory, in QueueLayout layout, IQueueInterrupt interrupt)
    {
        if (!_queue.TryConfigure(memory, layout, Position, interrupt))
            return false;
        _kickRegistration = loop.Add(kick, EpollEvents.Readable | EpollEvents.EdgeTriggered, this);
        (_loop, _worker, _kick) = (loop, worker, kick);
        worker.StartQueue(index, _queue);
        return true;
    }

    /// <summary>Follows a change of guest memory. False when the queue is not in there any more.</summary>
    public bool TryRebind(GuestMemory memory)
    {
        _worker.FinishRequests(index);
        return _queue.TryRebind(memory);
    }

    /// <summary>Takes the queue back. It starts again where it stops here.</summary>
    public void Stop()
    {
        _loop.Remove(_kickRegistration, _kick);
        _worker.StopQueue(index);
        Position = _queue.Position;
    }

    public void OnEvents(EpollEvents events, int token) => _worker.NotifyQueue(index);
}
