using System.Runtime.InteropServices;
using Kata.Benchmarks.Devices;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Vsock;

namespace Kata.Benchmarks.Vsock;

/// <summary>A guest's vsock driver with one stream.</summary>
internal sealed class VsockDriver
{
    public const uint GuestPort = 1024;
    public const ushort QueueSize = 256;
    public const int PacketBytes = 64 * 1024;

    /// <summary>The stream's receive buffer, as large as Linux makes it.</summary>
    private const uint WindowBytes = 256 * 1024;

    private const ulong GuestCid = 3;
    private const int Slots = QueueSize / 4;
    private const uint ReceiveBytes = 4096;
    private const ulong TransmitBytes = PacketBytes + 4096;

    private readonly RequestQueue _receive;
    private readonly RequestQueue _transmit;
    private readonly ulong _transmitAt;
    private readonly ulong _receiveAt;
    private uint _sentPackets;
    private uint _takenPackets;
    private uint _peerWindow;
    private uint _peerForwarded;
    private uint _sent;
    private uint _received;
    private uint _told;
    private uint _hostPort;

    /// <param name="buffersAt">Guest memory from here on belongs to the driver: 8 MiB.</param>
    public VsockDriver(RequestQueue receive, RequestQueue transmit, ulong buffersAt)
    {
        (_receive, _transmit, _receiveAt, _transmitAt) = (receive, transmit, buffersAt, buffersAt + (1 << 20));
        for (var slot = 0; slot < QueueSize; slot++)
        {
            _receive.Ring.Set(slot, _receiveAt + ((ulong)slot * ReceiveBytes), ReceiveBytes, Kata.Virtio.Queues.DescriptorFlags.Write);
            _receive.Ring.Offer((ushort)slot);
        }
    }

    private DriverQueue Receive => _receive.Ring;

    /// <summary>Accepts the stream that a client of the host asks for.</summary>
    public void Accept()
    {
        _receive.Notify();
        VsockHeader request;
        do
            request = Take();
        while (request.Operation != VsockOperation.Request);
        _hostPort = request.SourcePort;
        Send(VsockOperation.Response, 0);
    }

    /// <summary>Sends payload, as much as the peer's window has room for, at most a packet. Returns the bytes sent.</summary>
    public int SendData(int bytes)
    {
        while (_sent - _peerForwarded == _peerWindow)
            Take();
        var length = Math.Min((uint)bytes, Math.Min(PacketBytes, _peerWindow - (_sent - _peerForwarded)));
        _sent += length;
        Send(VsockOperation.Data, length);
        return (int)length;
    }

    /// <summary>Waits for payload, and tells the peer when the window is three quarters used, as Linux does. Returns its bytes.</summary>
    public int ReceiveData()
    {
        while (true)
        {
            var packet = Take();
            _received += packet.Length;
            if (_received - _told >= WindowBytes * 3 / 4 || packet.Operation == VsockOperation.CreditRequest)
                Send(VsockOperation.CreditUpdate, 0);
            if (packet.Length > 0)
                return (int)packet.Length;
        }
    }

    private VsockHeader Take()
    {
        uint head;
        while (!Receive.TryTakeUsed(out head, out _))
            _receive.Wait();
        var header = VsockHeader.Read(
            MemoryMarshal.CreateReadOnlySpan(ref Receive.At<byte>(_receiveAt + (head * ReceiveBytes)), VsockHeader.Size));
        Receive.Offer((ushort)head);
        _receive.Notify();
        (_peerWindow, _peerForwarded) = (header.BufferAllocation, header.Forwarded);
        return header.Operation is VsockOperation.Reset or VsockOperation.Shutdown
            ? throw new InvalidOperationException($"The device ended the stream: {header.Operation}.")
            : header;
    }

    private void Send(VsockOperation operation, uint length)
    {
        var ring = _transmit.Ring;
        while (_sentPackets - TakenBack() == Slots)
            _transmit.Wait();
        var slot = (int)(_sentPackets++ % Slots);
        var address = _transmitAt + ((ulong)slot * TransmitBytes);
        _told = _received;
        new VsockHeader
        {
            SourceCid = GuestCid,
            DestinationCid = VsockLimits.HostCid,
            SourcePort = GuestPort,
            DestinationPort = _hostPort,
            Type = VsockHeader.StreamType,
            Length = length,
            Operation = operation,
            BufferAllocation = WindowBytes,
            Forwarded = _received,
        }.Write(MemoryMarshal.CreateSpan(ref ring.At<byte>(address), VsockHeader.Size));
        // Header and payload apart, as Linux sends them since 6.7.
        if (length > 0)
            _transmit.Set(slot, new(address, VsockHeader.Size, false), new(address + VsockHeader.Size, length, false));
        else
            _transmit.Set(slot, new GuestBuffer(address, VsockHeader.Size, false));
        _transmit.Offer(slot);
        _transmit.Notify();
    }

    private uint TakenBack()
    {
        while (_transmit.TryTake() >= 0)
            _takenPackets++;
        return _takenPackets;
    }
}
