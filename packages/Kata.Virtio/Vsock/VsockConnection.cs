using Kata.Linux;
using Kata.Virtio.Events;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Vsock;

/// <summary>
/// One stream between a host socket and a guest port: its state, credit and what is pending. The <see cref="VsockMuxer"/> acts on it.
/// Counters run modulo 2^32, as on the wire.
/// </summary>
internal sealed class VsockConnection : IEventHandler
{
    private readonly VsockMuxer _muxer;
    private uint _guestAllocation;
    private uint _guestForwarded;
    private uint _sent;
    private uint _received;
    private uint _forwarded;
    private uint _forwardedTold;

    public VsockConnection(VsockMuxer muxer, SafeFileHandle socket, VsockConnectionState state) =>
        (_muxer, Socket, State) = (muxer, socket, state);

    public SafeFileHandle Socket { get; }

    public EventRegistration Registration { get; set; }

    public VsockConnectionState State { get; set; }

    public uint HostPort { get; set; }

    public uint GuestPort { get; set; }

    public VsockPending Pending { get; set; }

    /// <summary>Reading the host socket may give something: set by an event, cleared when it would block.</summary>
    public bool IsReadable { get; set; }

    /// <summary>The host sends no more: its end of stream was read.</summary>
    public bool HostFinished { get; set; }

    /// <summary>The host receives no more.</summary>
    public bool HostDeaf { get; set; }

    /// <summary>What the guest has shut down.</summary>
    public VsockShutdown GuestShutdown { get; set; }

    /// <summary>What the guest was told that the host has shut down.</summary>
    public VsockShutdown ShutdownTold { get; set; }

    /// <summary>The guest was asked for credit and has not answered.</summary>
    public bool CreditAsked { get; set; }

    /// <summary>From the guest, for the host; null when nothing waits.</summary>
    public StreamBuffer? Buffer { get; set; }

    /// <summary>When the current state has lasted too long, in <see cref="Environment.TickCount64"/>.</summary>
    public long Deadline { get; set; } = long.MaxValue;

    /// <summary>Its end is not logged, as its beginning was not: a guest can make such streams at will.</summary>
    public bool IsQuiet { get; set; }

    /// <summary>Place in the muxer's list of all connections.</summary>
    public int Index { get; set; }

    /// <summary>The next in the queue of those that have something for the guest.</summary>
    public VsockConnection? Next { get; set; }

    public bool IsQueued { get; set; }

    /// <summary>Bytes the guest can take now.</summary>
    public uint GuestCredit
    {
        get
        {
            var inFlight = _sent - _guestForwarded;
            return inFlight >= _guestAllocation ? 0 : _guestAllocation - inFlight;
        }
    }

    /// <summary>There are bytes to read for a guest that wants them.</summary>
    public bool HasData =>
        IsReadable && State == VsockConnectionState.Established && !HostFinished && (GuestShutdown & VsockShutdown.NoMoreReceive) == 0;

    /// <summary>The host's own shutdown, as the guest should know it.</summary>
    public VsockShutdown HostShutdown =>
        (HostFinished ? VsockShutdown.NoMoreSend : VsockShutdown.None) | (HostDeaf ? VsockShutdown.NoMoreReceive : VsockShutdown.None);

    /// <summary>The guest has used half of the buffer since it was last told what became free.</summary>
    public bool OwesCreditUpdate => _forwarded - _forwardedTold >= VsockLimits.BufferBytes / 2;

    public void OnEvents(EpollEvents events, int token) => _muxer.OnSocketEvents(this, events);

    /// <summary>Takes note of the guest's credit in a packet.</summary>
    public void UpdateCredit(in VsockHeader header)
    {
        _guestAllocation = header.BufferAllocation;
        _guestForwarded = header.Forwarded;
        if (GuestCredit > 0)
            CreditAsked = false;
    }

    /// <summary>Counts payload from the guest. False when it exceeds the credit that the guest was given.</summary>
    public bool TryCountReceived(uint bytes)
    {
        if (bytes > VsockLimits.BufferBytes - (_received - _forwarded))
            return false;
        _received += bytes;
        return true;
    }

    /// <summary>Counts payload that the host took, or never will.</summary>
    public void CountForwarded(long bytes) => _forwarded += (uint)bytes;

    public void CountSent(uint bytes) => _sent += bytes;

    /// <summary>A packet of this stream to the guest. Every packet tells the guest its credit.</summary>
    public VsockHeader MakeHeader(ulong guestCid, VsockOperation operation, uint length = 0, uint flags = 0)
    {
        _forwardedTold = _forwarded;
        return VsockHeader.ToGuest(guestCid, HostPort, GuestPort, operation) with
        {
            Length = length,
            Flags = flags,
            BufferAllocation = VsockLimits.BufferBytes,
            Forwarded = _forwarded,
        };
    }
}
