using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Tests.Fakes;

/// <summary>A queue of a device on its own thread, from the driver's side: kicks and interrupts are eventfds, and honoured.</summary>
internal sealed unsafe class DriverRing : IEventHandler, IDisposable
{
    private readonly IQueueWorker _worker;
    private readonly EventLoop _loop;
    private readonly int _index;
    private readonly SafeFileHandle _kick = FileDescriptors.EventFd();
    private readonly SignallingInterrupt _interrupt = new();
    private bool _watched;

    public DriverRing(IQueueWorker worker, EventLoop loop, int index, byte* memory, ushort size)
    {
        (_worker, _loop, _index) = (worker, loop, index);
        Driver = new DriverQueue(memory, 0, (ulong)index * 0x8000, size);
    }

    public DriverQueue Driver { get; }

    public SplitQueue Queue { get; } = new();

    public void Start(GuestMemory memory) => _loop.Invoke(() =>
    {
        Assert.IsTrue(Queue.TryConfigure(memory, Driver.Layout, 0, _interrupt));
        _worker.StartQueue(_index, Queue);
        if (!_watched)
            _loop.Add(_kick, EpollEvents.Readable | EpollEvents.EdgeTriggered, this);
        _watched = true;
    });

    public void Stop() => _loop.Invoke(() => _worker.StopQueue(_index));

    public void OnEvents(EpollEvents events, int token) => _worker.NotifyQueue(_index);

    /// <summary>Notifies the device if it wishes so: what it does not ask for must not be needed.</summary>
    public void Kick(ushort before)
    {
        Interlocked.MemoryBarrier();
        var wish = Volatile.Read(ref Driver.AvailableEvent);
        var now = Driver.AvailableIndex;
        if ((ushort)(now - wish - 1) < (ushort)(now - before))
            Notify();
    }

    public void Notify() => FileDescriptors.Write(_kick, [1, 0, 0, 0, 0, 0, 0, 0]);

    /// <summary>Offers one chain and notifies.</summary>
    public void Offer(ushort head)
    {
        var before = Driver.AvailableIndex;
        Driver.Offer(head);
        Kick(before);
    }

    /// <summary>Waits for the next used chain.</summary>
    public bool TryTakeUsed(TimeSpan limit, out uint head, out uint written)
    {
        Span<byte> counter = stackalloc byte[8];
        while (true)
        {
            Volatile.Write(ref Driver.UsedEvent, Driver.UsedIndex);
            Interlocked.MemoryBarrier();
            if (Driver.TryTakeUsed(out head, out written))
                return true;
            if (FileDescriptors.Poll(_interrupt.Event, PollEvents.Readable, limit) == PollEvents.None)
                return false;
            FileDescriptors.Read(_interrupt.Event, counter);
        }
    }

    public void Dispose()
    {
        _kick.Dispose();
        _interrupt.Event.Dispose();
    }
}
