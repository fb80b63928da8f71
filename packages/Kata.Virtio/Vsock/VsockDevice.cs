using System.Buffers.Binary;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Vsock;

/// <summary>
/// The virtio socket device (virtio 1.2, 5.10) for stream sockets. Moves packets between the guest's queues and the <see
/// cref="VsockMuxer"/>;
/// payload goes straight between guest memory and host sockets. Events (queue 2) are never raised: the CID does not change.
/// </summary>
internal sealed partial class VsockDevice : IQueueDevice, IQueueWorker
{
    private const int ReceiveQueue = 0;
    private const int TransmitQueue = 1;

    /// <summary>VIRTIO_VSOCK_F_STREAM.</summary>
    private const ulong StreamFeature = 1;

    /// <summary>Chains of one queue per round: the other queue and the sockets get their turn after that.</summary>
    private const int Budget = 64;

    private readonly VsockMuxer _muxer;
    private readonly ulong _guestCid;
    private readonly ILogger _logger;
    private readonly BufferList _chainBuffers = new();
    private readonly BufferList _payload = new();
    private readonly byte[] _header = new byte[VsockHeader.Size];
    private SplitQueue? _receive;
    private SplitQueue? _transmit;
    private bool _transmitPending;
    private bool _receiveStarved;
    private bool _isBroken;
    private LogGate _malformedGate;
    private LogGate _brokenGate;

    public VsockDevice(VsockMuxer muxer, ulong guestCid, ILogger logger)
    {
        (_muxer, _guestCid, _logger) = (muxer, guestCid, logger);
        Workers = [this];
    }

    public uint DeviceType => Devices.DeviceType.Socket;

    public ulong Features => VirtioFeatures.Version1 | VirtioFeatures.EventIndex | VirtioFeatures.IndirectDescriptors | StreamFeature;

    public int QueueCount => 3;

    public ushort MaxQueueSize => 256;

    public IVirtioTransport? Transport
    {
        get;
        set
        {
            field = value;
            if (value is null)
                _muxer.CloseHeld();
        }
    }

    public IReadOnlyList<IQueueWorker> Workers { get; }

    public long Deadline => _muxer.Deadline;

    public int WorkerOf(int queue) => 0;

    public void OnDeadline(long now) => _muxer.OnDeadline(now);

    public void OnIdle() => _muxer.ReleaseSpareBuffer();

    public void ReadConfiguration(uint offset, Span<byte> destination)
    {
        Span<byte> configuration = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(configuration, _guestCid);
        destination.Clear();
        if (offset < configuration.Length)
            configuration[(int)offset..Math.Min(configuration.Length, (int)offset + destination.Length)].CopyTo(destination);
    }

    public void StartQueue(int index, SplitQueue queue)
    {
        if (_isBroken)
            Reset();
        if (index == ReceiveQueue)
        {
            _receive = queue;
            _receiveStarved = false;
            queue.DisableNotifications();
        }
        else if (index == TransmitQueue)
        {
            _transmit = queue;
            _transmitPending = true;
        }

        if (_receive is not null && _transmit is not null)
            _muxer.SetGuestReady(true);
    }

    public void StopQueue(int index)
    {
        if (index == ReceiveQueue)
            _receive = null;
        else if (index == TransmitQueue)
            _transmit = null;
        else
            return;
        _muxer.SetGuestReady(false);
    }

    public void NotifyQueue(int index)
    {
        if (index == ReceiveQueue)
            _receiveStarved = false;
        else if (index == TransmitQueue)
            _transmitPending = true;
    }

    public void Reset()
    {
        _isBroken = false;
        _muxer.ForgetGuest();
    }

    /// <summary>Processes what the queues and the muxer have, within a budget. True when there is more to do at once.</summary>
    public bool Continue()
    {
        if (_isBroken || _receive is null || _transmit is null)
            return false;
        if (_transmitPending)
            _transmitPending = Transmit(_transmit);
        // In this order, because what the guest sent often has an answer.
        var receivePending = !_isBroken && !_receiveStarved && _muxer.HasPackets && Deliver(_receive);
        return !_isBroken && (_transmitPending || receivePending);
    }

    private void Break(string queue, string reason)
    {
        _isBroken = true;
        if (_brokenGate.TryPass(out var suppressed))
            VsockLog.DeviceBroken(_logger, queue, reason, suppressed);
        _muxer.SetGuestReady(false);
        _muxer.ForgetGuest();
        Transport?.DeviceNeedsReset();
    }
}
