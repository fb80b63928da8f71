using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Network;

/// <summary>
/// One receive queue, one transmit queue and the TAP queue behind them, on a thread of their own; on one of them also the control queue.
/// Frames go straight between guest memory and the kernel.
/// </summary>
internal sealed partial class NetworkQueuePair : IQueueWorker, IEventHandler, IDisposable
{
    private readonly NetworkDevice _device;
    private readonly SafeFileHandle _tap;
    private readonly EventLoop _loop;
    private readonly Action _resume;
    private readonly FrameBuffer _host = new();
    private readonly EventRegistration _registration;
    private EpollEvents _watched = EpollEvents.EdgeTriggered;
    private SplitQueue? _receive;
    private SplitQueue? _transmit;
    private SplitQueue? _control;
    private bool _transmitPending;
    private bool _controlPending;
    private bool _isBroken;
    private int _resumePosted;
    private LogGate _brokenGate;

    /// <param name="tap">A queue of the TAP device, non-blocking. Stays the caller's.</param>
    public NetworkQueuePair(NetworkDevice device, SafeFileHandle tap, EventLoop loop)
    {
        (_device, _tap, _loop) = (device, tap, loop);
        _resume = Resume;
        _registration = loop.Add(tap, _watched, this);
    }

    public long Deadline => long.MaxValue;

    public void StartQueue(int index, SplitQueue queue)
    {
        _isBroken = false;
        queue.DisableNotifications();
        switch (_device.RoleOf(index))
        {
            case NetworkQueueRole.Receive:
                _receive = queue;
                PrepareReceive();
                break;
            case NetworkQueueRole.Transmit:
                _transmit = queue;
                _transmitPending = true;
                _transmitBlocked = false;
                break;
            case NetworkQueueRole.Control:
                _control = queue;
                _controlPending = true;
                break;
        }

        Watch();
    }

    public void StopQueue(int index)
    {
        switch (_device.RoleOf(index))
        {
            case NetworkQueueRole.Receive:
                _receive = null;
                _heldBytes = 0;
                break;
            case NetworkQueueRole.Transmit:
                _transmit = null;
                break;
            case NetworkQueueRole.Control:
                _control = null;
                break;
        }

        Watch();
    }

    public void NotifyQueue(int index)
    {
        switch (_device.RoleOf(index))
        {
            case NetworkQueueRole.Receive:
                _receiveStarved = false;
                Watch();
                break;
            case NetworkQueueRole.Transmit:
                _transmitPending = true;
                break;
            case NetworkQueueRole.Control:
                _controlPending = true;
                break;
        }
    }

    /// <summary>Something about the TAP queue or the link has changed: looks at everything anew. From any thread.</summary>
    public void PostResume()
    {
        if (Interlocked.Exchange(ref _resumePosted, 1) == 0)
            _loop.Post(_resume);
    }

    public void OnEvents(EpollEvents events, int token)
    {
        if ((events & EpollEvents.Readable) != 0)
            _tapReadable = true;
        if ((events & EpollEvents.Writable) != 0)
        {
            _transmitBlocked = false;
            Watch();
        }
    }

    public bool Continue()
    {
        if (_controlPending && _control is { } control && !_isBroken)
            _controlPending = Control(control);
        if (_transmitPending && _transmit is { } transmit && !_transmitBlocked && !_isBroken)
            _transmitPending = Transmit(transmit);
        if (CanReceive && _receive is { } receive)
            Receive(receive);
        var hasCommands = _controlPending && _control is not null;
        var hasFrames = _transmitPending && _transmit is not null && !_transmitBlocked;
        return !_isBroken && (hasCommands || hasFrames || CanReceive);
    }

    public void OnDeadline(long now)
    {
        // There is none.
    }

    public void OnIdle()
    {
        // An idle pair holds nothing.
    }

    public void Dispose() => _host.Dispose();

    /// <summary>Serves commands. True when the budget ended before the queue.</summary>
    private bool Control(SplitQueue queue)
    {
        for (var i = 0; i < NetworkLimits.ControlBudget; i++)
        {
            _transmitBuffers.Truncate(0);
            switch (queue.TryPop(_transmitBuffers, out var chain))
            {
                case PopResult.Chain:
                    queue.PushUsed(chain.Head, NetworkCommand.Execute(_device, _transmitBuffers, chain));
                    break;
                case PopResult.Empty:
                    queue.Publish();
                    if (queue.EnableNotifications())
                        break;
                    return false;
                default:
                    Break("control", queue.Error.ToString());
                    return false;
            }
        }

        queue.Publish();
        return true;
    }

    private void Resume()
    {
        Volatile.Write(ref _resumePosted, 0);
        _tapReadable = true;
        Watch();
    }

    /// <summary>Lets the loop watch for what there is use for. The queue stays registered, with nothing if need be.</summary>
    private void Watch()
    {
        var wanted = EpollEvents.EdgeTriggered;
        if (_receive is not null && !_receiveStarved && _device.IsLinkUp)
            wanted |= EpollEvents.Readable;
        if (_transmit is not null && _transmitBlocked)
            wanted |= EpollEvents.Writable;
        if (wanted == _watched)
            return;
        _watched = wanted;
        _loop.Modify(_registration, _tap, wanted);
    }

    private void Break(string queue, string reason)
    {
        _isBroken = true;
        if (_brokenGate.TryPass(out var suppressed))
            NetworkLog.DeviceBroken(_device.Logger, queue, reason, suppressed);
        _device.Transport?.DeviceNeedsReset();
    }
}
