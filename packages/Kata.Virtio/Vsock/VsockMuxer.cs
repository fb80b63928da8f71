using Kata.Linux;
using Kata.Virtio.Events;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Vsock;

/// <summary>
/// Joins guest streams and host unix sockets. Host clients connect to one socket and name a guest port (<c>CONNECT port\n</c>, answered by
/// <c>OK port\n</c>); a guest that connects to port P of the host reaches the socket at that path with <c>_P</c> appended.
/// Runs on the event loop's thread; the device delivers packets and collects them.
/// </summary>
internal sealed partial class VsockMuxer : IEventHandler, IDisposable
{
    private readonly EventLoop _loop;
    private readonly SafeFileHandle _listener;
    private readonly string _socketPath;
    private readonly ulong _guestCid;
    private readonly long _holdMilliseconds;
    private readonly ILogger _logger;
    private readonly EventRegistration _listenerRegistration;
    private readonly List<VsockConnection> _all = [];
    private readonly Dictionary<ulong, VsockConnection> _byPorts = [];
    private readonly Queue<(uint HostPort, uint GuestPort)> _resets = [];
    private VsockConnection? _firstQueued;
    private VsockConnection? _lastQueued;
    private uint _nextHostPort = VsockLimits.FirstHostPort;
    private long _acceptRetry = long.MaxValue;
    private bool _guestIsReady;
    private StreamBuffer? _spareBuffer;
    private LogGate _limitGate;
    private LogGate _guestGate;
    private LogGate _acceptGate;

    /// <param name="listener">Listening at <paramref name="socketPath"/>, non-blocking; owned from here on.</param>
    /// <param name="holdTime">How long a CONNECT waits for the guest's driver.</param>
    public VsockMuxer(EventLoop loop, SafeFileHandle listener, string socketPath, ulong guestCid, TimeSpan holdTime, ILogger logger)
    {
        (_loop, _listener, _socketPath, _guestCid, _logger) = (loop, listener, socketPath, guestCid, logger);
        _holdMilliseconds = holdTime < TimeSpan.Zero ? long.MaxValue / 2 : (long)holdTime.TotalMilliseconds;
        _listenerRegistration = loop.Add(listener, EpollEvents.Readable | EpollEvents.EdgeTriggered, this);
    }

    /// <summary>Makes the socket for host clients and a muxer behind it. Its device runs on the same loop.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The guest's CID is reserved.</exception>
    /// <exception cref="LinuxException">The socket could not be made.</exception>
    public static VsockMuxer Listening(EventLoop loop, VirtioVsockOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.GuestCid, 3u, nameof(options.GuestCid));
        // A client that connects without blocking fails when the backlog is full: it has room for as many as there can be streams.
        var listener = UnixSocket.Listen(options.HybridSocketPath, backlog: VsockLimits.MaxConnections);
        FileDescriptors.SetNonBlocking(listener, true);
        return new VsockMuxer(loop, listener, options.HybridSocketPath, options.GuestCid, options.GuestReadyTimeout, options.Logger);
    }

    /// <summary>When <see cref="OnDeadline"/> is due.</summary>
    public long Deadline { get; private set; } = long.MaxValue;

    /// <summary>There may be a packet for the guest.</summary>
    public bool HasPackets => _firstQueued is not null || _resets.Count > 0;

    public int ConnectionCount => _all.Count;

    /// <summary>The guest's driver came up or went away. Streams outlive a pause.</summary>
    public void SetGuestReady(bool ready)
    {
        _guestIsReady = ready;
        if (!ready)
            return;
        for (var i = _all.Count - 1; i >= 0; i--)
        {
            if (_all[i].State == VsockConnectionState.Held)
                Request(_all[i]);
        }
    }

    /// <summary>The guest knows nothing of its streams any more: ends them. What it sent before still goes to the host sockets.</summary>
    public void ForgetGuest()
    {
        _resets.Clear();
        for (var i = _all.Count - 1; i >= 0; i--)
        {
            if (_all[i].State is VsockConnectionState.Connecting or VsockConnectionState.Established)
                Drain(_all[i]);
        }
    }

    /// <summary>The machine is gone: no use in waiting for it.</summary>
    public void CloseHeld()
    {
        for (var i = _all.Count - 1; i >= 0; i--)
        {
            if (_all[i].State == VsockConnectionState.Held)
                Close(_all[i]);
        }
    }

    /// <summary>Acts on everything whose time is over at <paramref name="now"/>.</summary>
    public void OnDeadline(long now)
    {
        if (now >= _acceptRetry)
        {
            _acceptRetry = long.MaxValue;
            Accept();
        }

        var next = _acceptRetry;
        for (var i = _all.Count - 1; i >= 0; i--)
        {
            var connection = _all[i];
            if (connection.Deadline > now)
            {
                next = Math.Min(next, connection.Deadline);
                continue;
            }

            VsockLog.TimedOut(_logger, connection.State, connection.HostPort, connection.GuestPort);
            if (connection.State is VsockConnectionState.Connecting or VsockConnectionState.Established)
                Reset(connection);
            else
                Close(connection);
        }

        Deadline = next;
    }

    /// <summary>Gives back what is only kept for the next slow reader.</summary>
    public void ReleaseSpareBuffer()
    {
        _spareBuffer?.Dispose();
        _spareBuffer = null;
    }

    /// <summary>Closes everything and removes the socket for host clients.</summary>
    public void Dispose()
    {
        while (_all.Count > 0)
            Close(_all[^1]);
        ReleaseSpareBuffer();
        _loop.Remove(_listenerRegistration, _listener);
        _listener.Dispose();
        FileSystem.Unlink(_socketPath);
    }

    private static ulong Key(uint hostPort, uint guestPort) => ((ulong)hostPort << 32) | guestPort;

    private VsockConnection Add(SafeFileHandle socket, VsockConnectionState state)
    {
        var connection = new VsockConnection(this, socket, state) { Index = _all.Count };
        connection.Registration = _loop.Add(socket, EpollEvents.Readable | EpollEvents.ReadHangUp | EpollEvents.EdgeTriggered, connection);
        _all.Add(connection);
        return connection;
    }

    private bool IsFull(string what)
    {
        if (_all.Count < VsockLimits.MaxConnections)
            return false;
        if (_limitGate.TryPass(out var suppressed))
            VsockLog.TooManyConnections(_logger, what, VsockLimits.MaxConnections, suppressed);
        return true;
    }

    private void SetDeadline(VsockConnection connection, long milliseconds)
    {
        connection.Deadline = Environment.TickCount64 + milliseconds;
        Deadline = Math.Min(Deadline, connection.Deadline);
    }

    /// <summary>Queues a stream that may have something for the guest.</summary>
    private void Schedule(VsockConnection connection)
    {
        if (connection.IsQueued)
            return;
        connection.IsQueued = true;
        connection.Next = null;
        if (_lastQueued is null)
            _firstQueued = connection;
        else
            _lastQueued.Next = connection;
        _lastQueued = connection;
    }

    private void Schedule(VsockConnection connection, VsockPending pending)
    {
        connection.Pending |= pending;
        Schedule(connection);
    }

    /// <summary>Ends a stream on both sides at once.</summary>
    private void Reset(VsockConnection connection)
    {
        QueueReset(connection.HostPort, connection.GuestPort);
        Close(connection);
    }

    private void QueueReset(uint hostPort, uint guestPort)
    {
        if (_resets.Count < VsockLimits.MaxPendingResets)
            _resets.Enqueue((hostPort, guestPort));
    }

    /// <summary>The guest side is over: closes the socket as soon as it has taken what the guest sent.</summary>
    private void Drain(VsockConnection connection)
    {
        if (connection.Buffer is null)
        {
            Close(connection);
            return;
        }

        _byPorts.Remove(Key(connection.HostPort, connection.GuestPort));
        connection.State = VsockConnectionState.Draining;
        connection.Deadline = long.MaxValue;
        connection.Pending = VsockPending.None;
    }

    private void Close(VsockConnection connection)
    {
        // A draining stream's ports may belong to a new one already.
        var key = Key(connection.HostPort, connection.GuestPort);
        if (_byPorts.TryGetValue(key, out var owner) && owner == connection)
            _byPorts.Remove(key);
        var last = _all[^1];
        _all[connection.Index] = last;
        last.Index = connection.Index;
        _all.RemoveAt(_all.Count - 1);
        ReturnBuffer(connection);
        _loop.Remove(connection.Registration, connection.Socket);
        connection.Socket.Dispose();
        connection.State = VsockConnectionState.Closed;
        if (!connection.IsQuiet)
            VsockLog.Closed(_logger, connection.HostPort, connection.GuestPort);
    }

    private void ReturnBuffer(VsockConnection connection)
    {
        if (connection.Buffer is not { } buffer)
            return;
        connection.Buffer = null;
        buffer.Consume(buffer.Count);
        // One spare avoids a mapping per burst of a slow reader; more would only hold memory.
        if (_spareBuffer is null)
            _spareBuffer = buffer;
        else
            buffer.Dispose();
    }

    private StreamBuffer TakeBuffer()
    {
        var buffer = _spareBuffer ?? new StreamBuffer();
        _spareBuffer = null;
        return buffer;
    }
}
