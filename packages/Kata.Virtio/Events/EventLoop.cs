using System.Runtime.InteropServices;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Events;

/// <summary>
/// One thread that waits for descriptors and calls their handlers. Everything but <see cref="Stop"/> and <see cref="Post"/> belongs to that
/// thread.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    public const int IdleAfterMilliseconds = 1000;

    /// <summary>How exact <see cref="Environment.TickCount64"/> is, at worst.</summary>
    private const int ClockMilliseconds = 20;

    private const int EventsPerRound = 32;
    private const ulong WakeUpToken = ulong.MaxValue;

    private readonly Epoll _epoll = new();
    private readonly SafeFileHandle _wakeUp = FileDescriptors.EventFd();
    private readonly Queue<Action> _posted = [];
    private readonly Lock _postedLock = new();
    private Slot[] _slots = new Slot[8];
    private uint _firstFree;
    private uint _slotCount;
    private volatile bool _stopping;

    public EventLoop() => _epoll.Add(_wakeUp, EpollEvents.Readable, WakeUpToken);

    /// <summary>Watches a descriptor, which stays open until <see cref="Remove"/>.</summary>
    public EventRegistration Add(SafeHandle descriptor, EpollEvents events, IEventHandler handler, int token = 0)
    {
        if (_firstFree == 0)
        {
            if (_slotCount == _slots.Length)
                Array.Resize(ref _slots, _slots.Length * 2);
            _firstFree = ++_slotCount;
        }

        ref var slot = ref _slots[_firstFree - 1];
        var registration = new EventRegistration(_firstFree - 1, slot.Generation);
        _epoll.Add(descriptor, events, registration.EpollToken);
        _firstFree = slot.NextFree;
        slot.Handler = handler;
        slot.Token = token;
        return registration;
    }

    /// <summary>Changes what is watched for.</summary>
    public void Modify(EventRegistration registration, SafeHandle descriptor, EpollEvents events) =>
        _epoll.Modify(descriptor, events, registration.EpollToken);

    /// <summary>Ends the watch; no event comes after this. A loop that is disposed watches nothing.</summary>
    public void Remove(EventRegistration registration, SafeHandle descriptor)
    {
        if (_wakeUp.IsClosed)
            return;
        _epoll.Remove(descriptor);
        ref var slot = ref _slots[registration.Slot];
        slot.Handler = null;
        slot.Generation++;
        slot.NextFree = _firstFree;
        _firstFree = registration.Slot + 1;
    }

    /// <summary>Runs <paramref name="action"/> on the loop's thread. From any thread; for control, not for data.</summary>
    public void Post(Action action)
    {
        lock (_postedLock)
            _posted.Enqueue(action);
        WakeUp();
    }

    /// <summary>Makes <see cref="Run"/> return. From any thread.</summary>
    public void Stop()
    {
        _stopping = true;
        WakeUp();
    }

    /// <summary>Runs on the calling thread until <see cref="Stop"/>.</summary>
    public void Run(IEventLoopClient client)
    {
        Span<EpollEvent> events = stackalloc EpollEvent[EventsPerRound];
        var unfinished = false;
        var rested = true;
        while (!_stopping)
        {
            var sleptAt = Environment.TickCount64;
            var count = _epoll.Wait(events, unfinished ? 0 : GetTimeout(client.Deadline, rested));
            // Not every wait that ends without an event has lasted: what io_uring has finished interrupts it, too.
            if (count == 0 && !unfinished && !rested && Environment.TickCount64 is var now
                && now < client.Deadline && now - sleptAt >= IdleAfterMilliseconds - ClockMilliseconds)
            {
                client.OnIdle();
                rested = true;
                continue;
            }

            rested &= count == 0;
            foreach (ref readonly var ready in events[..count])
                Dispatch(ready);
            now = client.Deadline == long.MaxValue ? 0 : Environment.TickCount64;
            if (now >= client.Deadline)
                client.OnDeadline(now);
            unfinished = client.Continue();
        }
    }

    public void Dispose()
    {
        // Others may be about to wake the loop up.
        lock (_postedLock)
            _wakeUp.Dispose();
        _epoll.Dispose();
    }

    private static int GetTimeout(long deadline, bool rested)
    {
        var wait = deadline == long.MaxValue ? long.MaxValue : Math.Max(deadline - Environment.TickCount64, 0);
        if (!rested)
            wait = Math.Min(wait, IdleAfterMilliseconds);
        return wait == long.MaxValue ? -1 : (int)Math.Min(wait, int.MaxValue);
    }

    private void Dispatch(in EpollEvent ready)
    {
        if (ready.Token == WakeUpToken)
        {
            RunPosted();
            return;
        }

        // Not by reference: a handler may register descriptors and so move the table.
        var slot = _slots[(uint)ready.Token];
        if (slot.Generation == (uint)(ready.Token >> 32))
            slot.Handler?.OnEvents(ready.Events, slot.Token);
    }

    private void RunPosted()
    {
        Span<byte> counter = stackalloc byte[8];
        FileDescriptors.Read(_wakeUp, counter);
        while (true)
        {
            Action? action;
            lock (_postedLock)
            {
                if (!_posted.TryDequeue(out action))
                    return;
            }

            action();
        }
    }

    private void WakeUp()
    {
        lock (_postedLock)
        {
            if (!_wakeUp.IsClosed)
                FileDescriptors.Write(_wakeUp, [1, 0, 0, 0, 0, 0, 0, 0]);
        }
    }

    private struct Slot
    {
        public IEventHandler? Handler;
        public int Token;
        public uint Generation;

        /// <summary>The next free slot plus one; 0 ends the list.</summary>
        public uint NextFree;
    }
}
