using System.Text.Unicode;
using Kata.Linux;

namespace Kata.Virtio.Vsock;

internal sealed partial class VsockMuxer
{
    /// <summary>Clients are at the listening socket.</summary>
    public void OnEvents(EpollEvents events, int token) => Accept();

    public void OnSocketEvents(VsockConnection connection, EpollEvents events)
    {
        var hungUp = (events & (EpollEvents.HangUp | EpollEvents.Error)) != 0;
        if ((events & (EpollEvents.Readable | EpollEvents.ReadHangUp)) != 0 || hungUp)
            connection.IsReadable = true;
        switch (connection.State)
        {
            case VsockConnectionState.Handshake:
                ReadHandshake(connection);
                break;
            case VsockConnectionState.Held when hungUp:
                Close(connection);
                break;
            case VsockConnectionState.Connecting when hungUp:
                Reset(connection);
                break;
            case VsockConnectionState.Draining when hungUp:
                Close(connection);
                break;
            case VsockConnectionState.Established or VsockConnectionState.Draining:
                if ((events & EpollEvents.Writable) != 0)
                    Flush(connection);
                if (hungUp)
                    OnHostGone(connection);
                else if (connection.HasData)
                    Schedule(connection);
                break;
        }
    }

    /// <summary>Reads from the host socket into the guest's buffers. 0 when there is nothing for the guest this time.</summary>
    public int Receive(VsockConnection connection, ReadOnlySpan<NativeBuffer> buffers)
    {
        var count = StreamSocket.Receive(connection.Socket, buffers);
        if (count > 0)
        {
            connection.CountSent((uint)count);
            return count;
        }

        connection.IsReadable = false;
        if (count == -(int)Errno.EAGAIN)
            return 0;
        // The end of the stream, or a client that went away with data of the guest unread.
        connection.HostFinished = true;
        connection.HostDeaf |= count < 0;
        if (connection.HostDeaf)
            DiscardBuffer(connection);
        Schedule(connection, VsockPending.Shutdown);
        return 0;
    }

    private void Accept()
    {
        while (true)
        {
            var socket = StreamSocket.Accept(_listener, out var error);
            if (socket is null)
            {
                if (error != Errno.EAGAIN)
                {
                    // The listener is edge-triggered: it has to be looked at again without an event.
                    _acceptRetry = Environment.TickCount64 + VsockLimits.AcceptRetryMilliseconds;
                    Deadline = Math.Min(Deadline, _acceptRetry);
                    if (_limitGate.TryPass(out _))
                        VsockLog.AcceptFailed(_logger, error);
                }

                return;
            }

            if (IsFull("host"))
            {
                socket.Dispose();
                continue;
            }

            SetDeadline(Add(socket, VsockConnectionState.Handshake), VsockLimits.HandshakeMilliseconds);
        }
    }

    private void ReadHandshake(VsockConnection connection)
    {
        Span<byte> line = stackalloc byte[VsockLimits.MaxHandshakeBytes];
        // What follows the line belongs to the guest: look first, then take no more than the line.
        var count = StreamSocket.Peek(connection.Socket, line);
        if (count == -(int)Errno.EAGAIN)
            return;
        var end = count > 0 ? line[..count].IndexOf((byte)'\n') : -1;
        if (end < 0 && count > 0 && count < line.Length)
            return;
        if (end < 0 || !VsockHandshake.TryParse(line[..end], out var port))
        {
            VsockLog.BadHandshake(_logger);
            Close(connection);
            return;
        }

        StreamSocket.Receive(connection.Socket, line[..(end + 1)]);
        connection.GuestPort = port;
        if (_guestIsReady)
        {
            Request(connection);
            return;
        }

        VsockLog.Held(_logger, port);
        connection.State = VsockConnectionState.Held;
        SetDeadline(connection, _holdMilliseconds);
    }

    private void Request(VsockConnection connection)
    {
        connection.HostPort = TakeHostPort(connection.GuestPort);
        connection.State = VsockConnectionState.Connecting;
        _byPorts.Add(Key(connection.HostPort, connection.GuestPort), connection);
        SetDeadline(connection, VsockLimits.ConnectMilliseconds);
        Schedule(connection, VsockPending.Request);
    }

    private uint TakeHostPort(uint guestPort)
    {
        // Far more ports than connections: a free one is at most a few steps away.
        uint port;
        do
        {
            port = _nextHostPort;
            _nextHostPort = port == (VsockLimits.FirstHostPort << 1) - 1 ? VsockLimits.FirstHostPort : port + 1;
        }
        while (_byPorts.ContainsKey(Key(port, guestPort)));
        return port;
    }

    /// <summary>Tells the host client that the guest has accepted, and lets the stream begin.</summary>
    private void Establish(VsockConnection connection)
    {
        Span<byte> line = stackalloc byte[VsockLimits.MaxHandshakeBytes];
        Utf8.TryWrite(line, $"OK {connection.HostPort}\n", out var length);
        if (StreamSocket.Send(connection.Socket, line[..length]) != length)
        {
            Reset(connection);
            return;
        }

        connection.State = VsockConnectionState.Established;
        connection.Deadline = long.MaxValue;
        VsockLog.Established(_logger, connection.HostPort, connection.GuestPort);
        Schedule(connection);
    }

    /// <summary>The host closed its socket: what it sent before still goes to the guest.</summary>
    private void OnHostGone(VsockConnection connection)
    {
        connection.HostDeaf = true;
        // A guest that reads no more never sees the end of the stream, which is here.
        connection.HostFinished |= (connection.GuestShutdown & VsockShutdown.NoMoreReceive) != 0;
        DiscardBuffer(connection);
        if (connection.State == VsockConnectionState.Established)
            Schedule(connection, VsockPending.Shutdown);
    }

    private void DiscardBuffer(VsockConnection connection)
    {
        connection.CountForwarded(connection.Buffer?.Count ?? 0);
        ReturnBuffer(connection);
    }

    /// <summary>Writes what waits for the host socket.</summary>
    private void Flush(VsockConnection connection)
    {
        if (connection.Buffer is not { } buffer)
            return;
        while (buffer.Count > 0)
        {
            var count = StreamSocket.Send(connection.Socket, buffer.Content);
            if (count == -(int)Errno.EAGAIN)
                break;
            if (count < 0)
            {
                if (connection.State == VsockConnectionState.Draining)
                    Close(connection);
                else
                    OnHostGone(connection);
                return;
            }

            buffer.Consume(count);
            connection.CountForwarded(count);
        }

        if (connection.State == VsockConnectionState.Established && connection.OwesCreditUpdate)
            Schedule(connection, VsockPending.CreditUpdate);
        if (buffer.Count > 0)
            return;
        ReturnBuffer(connection);
        WatchWritable(connection, false);
        OnFlushed(connection);
    }

    private void WatchWritable(VsockConnection connection, bool watch) => _loop.Modify(
        connection.Registration,
        connection.Socket,
        EpollEvents.Readable | EpollEvents.ReadHangUp | EpollEvents.EdgeTriggered | (watch ? EpollEvents.Writable : EpollEvents.None));

    /// <summary>Everything the guest sent is with the host: passes on that no more will come.</summary>
    private void OnFlushed(VsockConnection connection)
    {
        if (connection.State == VsockConnectionState.Draining)
            Close(connection);
        else if (connection.GuestShutdown == VsockShutdown.Both)
            Reset(connection);
        else if ((connection.GuestShutdown & VsockShutdown.NoMoreSend) != 0)
            StreamSocket.Shutdown(connection.Socket, sendOnly: true);
    }
}
