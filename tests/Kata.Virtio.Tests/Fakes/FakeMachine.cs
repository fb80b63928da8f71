using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.VhostUser;
using Kata.Virtio.Vsock;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Tests.Fakes;

/// <summary>
/// A VMM with a vsock driver in its guest: shares a memfd as two regions with a hole between, and drives the two queues by hand.
/// </summary>
internal sealed unsafe class FakeMachine : IDisposable
{
    public const ushort QueueSize = 64;
    public const ulong GuestCid = 3;
    public const int BufferBytes = 4096;
    public const ulong HighStart = 0x1_0000_0000;

    private const ulong RegionBytes = 2 << 20;
    private const ulong UserBase = 0x7f00_0000_0000;
    private const ulong BuffersAt = 0x10000;
    private const ulong TransmitBuffersAt = 0x100000;
    private const int TransmitBytes = 16 * 1024;

    private readonly SafeFileHandle _memory = FileDescriptors.Memory("guest", (long)(2 * RegionBytes));
    private readonly MemoryMapping _mapping;
    private readonly SafeFileHandle[] _kicks = [FileDescriptors.EventFd(), FileDescriptors.EventFd()];
    private readonly SafeFileHandle[] _calls = [FileDescriptors.EventFd(), FileDescriptors.EventFd()];
    private readonly TimeSpan _limit = TimeSpan.FromSeconds(20);
    private ushort _offeredTransmits;

    public FakeMachine(string vhostUserPath, bool eventIndex = true)
    {
        _mapping = MemoryMapping.Shared(_memory, 0, (nuint)(2 * RegionBytes));
        Receive = new DriverQueue((byte*)_mapping.Address, 0, 0, QueueSize, eventIndex);
        Transmit = new DriverQueue((byte*)_mapping.Address, 0, 0x4000, QueueSize, eventIndex);
        FrontEnd = new FakeFrontEnd(vhostUserPath);
    }

    public FakeFrontEnd FrontEnd { get; }

    public DriverQueue Receive { get; }

    public DriverQueue Transmit { get; }

    public SafeFileHandle Error { get; } = FileDescriptors.EventFd();

    /// <summary>Everything up to DRIVER_OK: features, memory, both rings, and receive buffers.</summary>
    public void Start(int receiveBuffers = QueueSize, ushort position = 0)
    {
        Negotiate();
        ShareMemory();
        for (var i = 0; i < receiveBuffers; i++)
            OfferReceive((ushort)i);
        StartRing(0, Receive, position);
        StartRing(1, Transmit, position);
    }

    public void Negotiate()
    {
        var offered = FrontEnd.Get(VhostUserRequest.GetFeatures);
        var protocol = FrontEnd.Get(VhostUserRequest.GetProtocolFeatures);
        FrontEnd.Send(VhostUserRequest.SetProtocolFeatures, protocol);
        FrontEnd.Send(VhostUserRequest.SetOwner, []);
        FrontEnd.Send(VhostUserRequest.SetFeatures, Receive.Layout.EventIndex ? offered : offered & ~(1UL << 29));
    }

    /// <summary>Two regions: the first half of the file at 0, the second half beyond 4 GiB.</summary>
    public void ShareMemory() => FrontEnd.Send(
        VhostUserRequest.SetMemoryTable,
        FakeFrontEnd.UInt64(2, 0, RegionBytes, UserBase, 0, HighStart, RegionBytes, UserBase + HighStart, RegionBytes),
        _memory, _memory);

    /// <summary>The description of a region as messages carry it.</summary>
    public static ulong[] Region(ulong guest, ulong size, ulong user, ulong offset) => [guest, size, user, offset];

    public SafeHandle Memory => _memory;

    public void StartRing(uint index, DriverQueue queue, ushort position = 0)
    {
        FrontEnd.SendState(VhostUserRequest.SetVringNum, index, QueueSize);
        FrontEnd.SendState(VhostUserRequest.SetVringBase, index, position);
        FrontEnd.Send(VhostUserRequest.SetVringAddress, Address(index, queue));
        FrontEnd.Send(VhostUserRequest.SetVringCall, index, _calls[index]);
        FrontEnd.Send(VhostUserRequest.SetVringError, index, Error);
        FrontEnd.Send(VhostUserRequest.SetVringKick, index, _kicks[index]);
        Assert.AreEqual(0UL, FrontEnd.Call(VhostUserRequest.SetVringEnable, FakeFrontEnd.State(index, 1)));
    }

    public static byte[] Address(uint index, DriverQueue queue) => FakeFrontEnd.UInt64(
        index, UserBase + queue.Layout.DescriptorTable, UserBase + queue.Layout.UsedRing, UserBase + queue.Layout.AvailableRing, 0);

    /// <summary>Stops a ring as a pausing machine does; returns its position.</summary>
    public ushort StopRing(uint index)
    {
        FrontEnd.SendState(VhostUserRequest.GetVringBase, index, 0);
        var reply = FrontEnd.Receive(VhostUserRequest.GetVringBase);
        Assert.AreEqual(index, BitConverter.ToUInt32(reply));
        return (ushort)BitConverter.ToUInt32(reply, 4);
    }

    /// <summary>Forgets everything about the rings, as a rebooted guest.</summary>
    public void ClearRings()
    {
        Receive.Clear();
        Transmit.Clear();
        _offeredTransmits = 0;
    }

    public void OfferReceive(ushort slot)
    {
        Receive.Set(slot, ReceiveBuffer(slot), BufferBytes, Virtio.Queues.DescriptorFlags.Write);
        Receive.Offer(slot);
    }

    /// <summary>Sends a packet of one buffer, as newer kernels do, and notifies.</summary>
    public void Send(in VsockHeader header, ReadOnlySpan<byte> payload = default)
    {
        var slot = (ushort)(_offeredTransmits % QueueSize);
        // A slot is free when what was sent a whole round ago has come back.
        SpinWait.SpinUntil(() => (ushort)(_offeredTransmits - Volatile.Read(ref Transmit.UsedIndex)) < QueueSize, _limit);
        var address = TransmitBuffersAt + ((ulong)slot * TransmitBytes);
        header.Write(new Span<byte>((byte*)_mapping.Address + address, VsockHeader.Size));
        payload.CopyTo(new Span<byte>((byte*)_mapping.Address + address + VsockHeader.Size, payload.Length));
        Transmit.Set(slot, address, (uint)(VsockHeader.Size + payload.Length));
        Transmit.Offer(slot);
        _offeredTransmits++;
        Kick(1);
    }

    public void Kick(int ring) => FileDescriptors.Write(_kicks[ring], [1, 0, 0, 0, 0, 0, 0, 0]);

    /// <summary>Waits for the next packet and offers its buffer anew.</summary>
    public VsockHeader Take(Span<byte> payload = default)
    {
        if (!TryTake(out var header, payload, _limit))
            throw new AssertFailedException("The device sends no packet.");
        return header;
    }

    public bool TryTake(out VsockHeader header, Span<byte> payload, TimeSpan limit, bool recycle = true)
    {
        header = default;
        Span<byte> counter = stackalloc byte[8];
        uint head, written;
        while (true)
        {
            // The wish comes before the look, or an interrupt could be missed.
            Volatile.Write(ref Receive.UsedEvent, Receive.UsedIndex);
            Interlocked.MemoryBarrier();
            if (Receive.TryTakeUsed(out head, out written))
                break;
            if (FileDescriptors.Poll(_calls[0], PollEvents.Readable, limit) == PollEvents.None)
                return false;
            FileDescriptors.Read(_calls[0], counter);
        }

        var buffer = new ReadOnlySpan<byte>((byte*)_mapping.Address + ReceiveBuffer((ushort)head), (int)written);
        header = VsockHeader.Read(buffer);
        Assert.AreEqual(written, VsockHeader.Size + header.Length);
        if (header.Length > 0 && payload.Length > 0)
            buffer[VsockHeader.Size..].CopyTo(payload);
        if (recycle)
        {
            OfferReceive((ushort)head);
            Kick(0);
        }

        return true;
    }

    /// <summary>A packet from the guest.</summary>
    public static VsockHeader Packet(VsockOperation operation, uint guestPort, uint hostPort, uint length = 0, uint flags = 0, uint credit = 1 << 20, uint forwarded = 0) => new()
    {
        SourceCid = GuestCid,
        DestinationCid = 2,
        SourcePort = guestPort,
        DestinationPort = hostPort,
        Length = length,
        Type = VsockHeader.StreamType,
        Operation = operation,
        Flags = flags,
        BufferAllocation = credit,
        Forwarded = forwarded,
    };

    public void Dispose()
    {
        FrontEnd.Dispose();
        _mapping.Dispose();
        _memory.Dispose();
        Error.Dispose();
        foreach (var descriptor in _kicks.Concat(_calls))
            descriptor.Dispose();
    }

    private static ulong ReceiveBuffer(ushort slot) => BuffersAt + ((ulong)slot * BufferBytes);
}
