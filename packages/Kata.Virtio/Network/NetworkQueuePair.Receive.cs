using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Network;

internal sealed partial class NetworkQueuePair
{
    private readonly ReceiveWindow _window = new();
    private bool _tapReadable;
    private bool _receiveStarved;
    private bool _isMergeable;
    private bool _hidesFlags;
    private int _wantedBytes;

    /// <summary>A frame that was read and waits for more buffers.</summary>
    private int _heldBytes;
    private LogGate _tooLargeGate;
    private LogGate _receiveGate;

    private bool CanReceive => _receive is not null && _tapReadable && !_receiveStarved && !_isBroken && _device.IsLinkUp;

    private void PrepareReceive()
    {
        var features = _device.Negotiated;
        _tapReadable = true;
        _receiveStarved = false;
        _isMergeable = (features & NetworkFeatures.MergeableBuffers) != 0;
        _hidesFlags = (features & NetworkFeatures.GuestChecksum) == 0;
        _wantedBytes = (features & NetworkFeatures.GuestSegmentation) != 0
            ? NetworkLimits.MaxFrameBytes
            : NetworkHeader.Size + NetworkLimits.LinkBytes + _device.Mtu;
    }

    /// <summary>Gives the guest what the TAP device has, within a budget.</summary>
    private void Receive(SplitQueue queue)
    {
        queue.DisableNotifications();
        for (var i = 0; i < NetworkLimits.Budget && CanReceive; i++)
        {
            if (!_window.TryFill(queue, _heldBytes > 0 ? _heldBytes : _wantedBytes, _isMergeable ? int.MaxValue : 1))
                Break("receive", queue.Error == QueueError.None ? "a buffer is readable or too small" : queue.Error.ToString());
            else if (_window.IsEmpty || _heldBytes > _window.Room)
                Starve(queue);
            else if (_heldBytes > 0)
                DeliverHeld(queue);
            else
                ReceiveFrame(queue);
        }

        _window.GiveBack(queue);
        queue.Publish();
    }

    /// <summary>The guest's buffers do not suffice: waits for its notification, if more could help.</summary>
    private void Starve(SplitQueue queue)
    {
        if (!_window.IsEmpty && _window.IsFull(queue))
        {
            DropHeld();
        }
        else if (!queue.EnableNotifications())
        {
            _receiveStarved = true;
            Watch();
        }
        else
        {
            queue.DisableNotifications();
        }
    }

    private void ReceiveFrame(SplitQueue queue)
    {
        var room = _window.Room;
        // Nobody can ask for the size of the next frame: what does not fit into the guest's buffers lands behind them.
        var length = TapDevice.Receive(_tap, _window.RangesWith(_host.FrameAfter(room)));
        if (length < 0)
        {
            _tapReadable = false;
            if (length != -(int)Errno.EAGAIN && _receiveGate.TryPass(out var suppressed))
                NetworkLog.ReceiveFailed(_device.Logger, _device.TapName, (Errno)(-length), suppressed);
        }
        else if (length > room)
        {
            Hold((int)room, length);
        }
        else if (length >= NetworkHeader.Size)
        {
            Deliver(queue, length);
        }
    }

    /// <summary>Tells how many buffers the frame in the window spans, which the kernel does not, and gives them to the guest.</summary>
    private void Deliver(SplitQueue queue, int length)
    {
        var header = default(NetworkHeader);
        var bytes = MemoryMarshal.AsBytes(new Span<NetworkHeader>(ref header));
        _window.CopyTo(bytes);
        header.BufferCount = (ushort)_window.BuffersOf(length);
        if (_hidesFlags)
            header.Flags = 0;
        _window.CopyFrom(bytes);
        _window.Use(queue, length);
    }

    /// <summary>Keeps a frame whose end did not fit: it is whole in the host's memory then.</summary>
    private void Hold(int room, int length)
    {
        _heldBytes = length;
        if (_isMergeable)
            _window.CopyTo(_host.Frame[..room]);
        else
            DropHeld();
    }

    private void DeliverHeld(SplitQueue queue)
    {
        _window.CopyFrom(_host.Frame[.._heldBytes]);
        Deliver(queue, _heldBytes);
        _heldBytes = 0;
    }

    private void DropHeld()
    {
        if (_tooLargeGate.TryPass(out var suppressed))
            NetworkLog.FrameTooLarge(_device.Logger, _heldBytes, suppressed);
        _heldBytes = 0;
    }
}
