using System.Globalization;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Vsock;

internal sealed partial class VsockMuxer
{
    /// <summary>Takes a packet of the guest whose addresses and length were checked.</summary>
    public void OnPacket(in VsockHeader header, ReadOnlySpan<NativeBuffer> payload)
    {
        if (header.Type != VsockHeader.StreamType
            || !_byPorts.TryGetValue(Key(header.DestinationPort, header.SourcePort), out var connection))
        {
            if (header.Operation == VsockOperation.Request && header.Type == VsockHeader.StreamType)
                AcceptGuest(header);
            else if (header.Operation != VsockOperation.Reset)
                QueueReset(header.DestinationPort, header.SourcePort);
            return;
        }

        connection.UpdateCredit(header);
        switch (header.Operation)
        {
            case VsockOperation.Response when connection is { State: VsockConnectionState.Connecting, Pending: VsockPending.None }:
                Establish(connection);
                break;
            case VsockOperation.Reset:
                OnGuestReset(connection);
                break;
            case VsockOperation.Data when connection.State == VsockConnectionState.Established:
                OnGuestData(connection, header.Length, payload);
                break;
            case VsockOperation.Shutdown when connection.State == VsockConnectionState.Established:
                OnGuestShutdown(connection, (VsockShutdown)header.Flags & VsockShutdown.Both);
                break;
            case VsockOperation.CreditUpdate when connection.State == VsockConnectionState.Established:
                break;
            case VsockOperation.CreditRequest when connection.State == VsockConnectionState.Established:
                Schedule(connection, VsockPending.CreditUpdate);
                break;
            default:
                if (_guestGate.TryPass(out var suppressed))
                {
                    VsockLog.UnexpectedPacket(
                        _logger, header.Operation, connection.State, connection.HostPort, connection.GuestPort, suppressed);
                }

                Reset(connection);
                break;
        }

        if (connection.HasData && connection.GuestCredit > 0)
            Schedule(connection);
    }

    /// <summary>
    /// Takes the next packet for the guest. With a <paramref name="source"/>, it is data that has yet to be read from there; otherwise
    /// <paramref name="header"/> is the whole packet. False when there is none.
    /// </summary>
    public bool TryTakePacket(out VsockHeader header, out VsockConnection? source)
    {
        source = null;
        if (_resets.TryDequeue(out var reset))
        {
            header = VsockHeader.ToGuest(_guestCid, reset.HostPort, reset.GuestPort, VsockOperation.Reset);
            return true;
        }

        while (_firstQueued is { } connection)
        {
            _firstQueued = connection.Next;
            if (_firstQueued is null)
                _lastQueued = null;
            connection.IsQueued = false;
            if (connection.State is VsockConnectionState.Connecting or VsockConnectionState.Established
                && TryTakePacket(connection, out header, out source))
                return true;
        }

        header = default;
        return false;
    }

    private bool TryTakePacket(VsockConnection connection, out VsockHeader header, out VsockConnection? source)
    {
        source = null;
        header = default;
        if (Take(VsockPending.Request))
            header = connection.MakeHeader(_guestCid, VsockOperation.Request);
        else if (Take(VsockPending.Response))
            header = connection.MakeHeader(_guestCid, VsockOperation.Response);
        else if (connection.HasData && connection.GuestCredit > 0)
            source = connection;
        else if (connection.HasData && !connection.CreditAsked)
            header = AskCredit();
        else if (Take(VsockPending.Shutdown) && connection.HostShutdown != connection.ShutdownTold)
            header = TellShutdown(connection);
        else if (Take(VsockPending.CreditUpdate))
            header = connection.MakeHeader(_guestCid, VsockOperation.CreditUpdate);
        else
            return false;
        // Whatever comes next waits for its turn behind the other streams.
        if (connection.Pending != VsockPending.None || connection.HasData)
            Schedule(connection);
        return true;

        bool Take(VsockPending pending)
        {
            var taken = (connection.Pending & pending) != 0;
            connection.Pending &= ~pending;
            return taken;
        }

        VsockHeader AskCredit()
        {
            connection.CreditAsked = true;
            return connection.MakeHeader(_guestCid, VsockOperation.CreditRequest);
        }
    }

    private VsockHeader TellShutdown(VsockConnection connection)
    {
        connection.ShutdownTold = connection.HostShutdown;
        if (connection.ShutdownTold == VsockShutdown.Both)
            SetDeadline(connection, VsockLimits.CloseMilliseconds);
        return connection.MakeHeader(_guestCid, VsockOperation.Shutdown, flags: (uint)connection.ShutdownTold);
    }

    private void AcceptGuest(in VsockHeader header)
    {
        var socket = IsFull("guest") ? null : ConnectToHost(header.DestinationPort);
        if (socket is null)
        {
            QueueReset(header.DestinationPort, header.SourcePort);
            return;
        }

        var connection = Add(socket, VsockConnectionState.Established);
        connection.HostPort = header.DestinationPort;
        connection.GuestPort = header.SourcePort;
        connection.UpdateCredit(header);
        _byPorts.Add(Key(connection.HostPort, connection.GuestPort), connection);
        connection.IsQuiet = !_acceptGate.TryPass(out var suppressed);
        if (!connection.IsQuiet)
            VsockLog.Accepted(_logger, connection.HostPort, connection.GuestPort, suppressed);
        Schedule(connection, VsockPending.Response);
    }

    private SafeFileHandle? ConnectToHost(uint port)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"{_socketPath}_{port}");
        try
        {
            var socket = StreamSocket.Connect(path, out var error);
            if (socket is null && _guestGate.TryPass(out var suppressed))
                VsockLog.NoListener(_logger, path, error, suppressed);
            return socket;
        }
        catch (LinuxException e)
        {
            // Out of descriptors, or the path is too long.
            if (_limitGate.TryPass(out _))
                VsockLog.ConnectFailed(_logger, e.Message);
            return null;
        }
    }

    private void OnGuestData(VsockConnection connection, uint length, ReadOnlySpan<NativeBuffer> payload)
    {
        if ((connection.GuestShutdown & VsockShutdown.NoMoreSend) != 0 || !connection.TryCountReceived(length))
        {
            if (_guestGate.TryPass(out var suppressed))
                VsockLog.CreditExceeded(_logger, connection.HostPort, connection.GuestPort, suppressed);
            Reset(connection);
            return;
        }

        var sent = connection.HostDeaf ? length : 0;
        if (!connection.HostDeaf && connection.Buffer is null && length > 0)
        {
            var count = StreamSocket.Send(connection.Socket, payload);
            if (count < 0 && count != -(int)Errno.EAGAIN)
                OnHostGone(connection);
            sent = connection.HostDeaf ? length : (uint)Math.Max(count, 0);
        }

        connection.CountForwarded(sent);
        if (sent < length)
            Store(connection, payload, sent);
        if (connection.OwesCreditUpdate)
            Schedule(connection, VsockPending.CreditUpdate);
    }

    private void Store(VsockConnection connection, ReadOnlySpan<NativeBuffer> payload, long skip)
    {
        if (connection.Buffer is null)
        {
            connection.Buffer = TakeBuffer();
            WatchWritable(connection, true);
        }

        foreach (var range in payload)
        {
            var part = Math.Min(skip, range.Length);
            skip -= part;
            connection.Buffer.Append(new NativeBuffer((nint)(range.Address + part), (nint)(range.Length - part)));
        }
    }

    private void OnGuestShutdown(VsockConnection connection, VsockShutdown flags)
    {
        connection.GuestShutdown |= flags;
        if (connection.Buffer is null)
        {
            OnFlushed(connection);
            if (connection.State == VsockConnectionState.Closed)
                return;
        }

        if ((flags & VsockShutdown.NoMoreReceive) != 0)
            StreamSocket.ShutdownReceiving(connection.Socket);
    }

    private void OnGuestReset(VsockConnection connection)
    {
        if (connection.State == VsockConnectionState.Connecting)
            VsockLog.Refused(_logger, connection.GuestPort);
        Drain(connection);
    }
}
