using System.Buffers;
using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Ttrpc.Wire;
using Microsoft.Extensions.Logging;

namespace Kata.Ttrpc.Transport;

/// <summary>
/// One connected socket that carries frames both ways; base of the client's and the server's end.
/// Receiving happens on poller threads, one at a time; sending on any thread, never blocking: what the socket does not take
/// at once waits in an outbox.
/// </summary>
internal abstract class Connection : IPollTarget
{
    private const int Idle = 0;
    private const int Receiving = 1;
    private const int ReceivingAgain = 2;

    private readonly SafeHandle _socket;
    private readonly IDisposable? _owner;
    private readonly FrameReader _reader = new();
    private readonly Lock _sendGate = new();
    private readonly Queue<ArraySegment<byte>> _outbox = [];
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _flushed;
    private long _outboxBytes;
    private int _firstSent;
    private ulong _token;
    private int _receiveState;
    private volatile bool _peerIsLeaving;
    private volatile bool _isClosed;

    /// <summary>Takes ownership of the socket.</summary>
    /// <param name="owner">Disposed instead of the socket when given: the object the handle was taken from.</param>
    protected Connection(SafeHandle socket, IDisposable? owner, ILogger logger)
    {
        _socket = socket;
        _owner = owner;
        Logger = logger;
    }

    /// <summary>Completes when the connection has ended, for whatever reason. Never faults.</summary>
    public Task Closed => _closed.Task;

    public bool IsClosed => _isClosed;

    protected ILogger Logger { get; }

    /// <summary>Bytes that wait for the peer to read.</summary>
    protected long OutboxBytes => Interlocked.Read(ref _outboxBytes);

    /// <summary>True to stop receiving until the outbox is empty: back-pressure against a peer that sends and does not read.</summary>
    protected virtual bool IsReceivingPaused => false;

    /// <summary>Starts to receive.</summary>
    public void Start()
    {
        lock (_sendGate)
        {
            if (_isClosed)
                return;
            FileDescriptors.SetNonBlocking(_socket, true);
            _token = SocketPoller.Shared.Add(_socket, this);
        }
    }

    public IThreadPoolWorkItem? OnReady(EpollEvents events)
    {
        try
        {
            return MoveBytes(events);
        }
        catch (Exception e)
        {
            // Whatever it is, it costs this connection and not the process.
            Close(e);
            return null;
        }
    }

    /// <summary>Sends a frame, or queues what does not fit. False when the connection is gone.</summary>
    public bool Send(ReadOnlySpan<byte> frame)
    {
        lock (_sendGate)
        {
            if (_isClosed)
                return false;
            if (_outbox.Count == 0)
            {
                var sent = StreamSocket.Send(_socket, frame);
                if (sent == frame.Length)
                    return true;
                if (sent < 0 && sent != -(int)Errno.EAGAIN)
                    return false; // The receiving side sees the hang-up and closes, after the replies that are still there.
                frame = frame[Math.Max(sent, 0)..];
                SocketPoller.Shared.WatchWritable(_socket, _token, true);
            }

            var rest = ArrayPool<byte>.Shared.Rent(frame.Length);
            frame.CopyTo(rest);
            _outbox.Enqueue(new ArraySegment<byte>(rest, 0, frame.Length));
            _outboxBytes += frame.Length;
            return true;
        }
    }

    /// <summary>Completes when everything sent so far has left, or the connection has ended.</summary>
    public Task FlushAsync()
    {
        lock (_sendGate)
        {
            if (_isClosed || _outbox.Count == 0)
                return Task.CompletedTask;
            _flushed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _flushed.Task;
        }
    }

    /// <summary>Ends the connection at once. Only the first call does anything.</summary>
    /// <param name="reason">What broke it; null for a regular end.</param>
    public void Close(Exception? reason)
    {
        lock (_sendGate)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            if (_token != 0)
                SocketPoller.Shared.Remove(_socket, _token);
            if (!_socket.IsClosed)
                StreamSocket.Shutdown(_socket);
            while (_outbox.TryDequeue(out var segment))
                ArrayPool<byte>.Shared.Return(segment.Array!);
            _outboxBytes = 0;
            _flushed?.TrySetResult();
            (_owner ?? _socket).Dispose();
        }

        OnClosed(reason);
        _closed.TrySetResult();
    }

    /// <summary>Handles one frame without blocking; returns foreign code to run. <paramref name="data"/> is valid during the call only.</summary>
    protected abstract IThreadPoolWorkItem? OnFrame(in FrameHeader header, ReadOnlyMemory<byte> data);

    /// <summary>Handles a frame over the limit, whose data is lost.</summary>
    protected abstract IThreadPoolWorkItem? OnOversizedFrame(in FrameHeader header);

    /// <summary>Runs once, when no frame can be sent or received any more.</summary>
    protected abstract void OnClosed(Exception? reason);

    private IThreadPoolWorkItem? MoveBytes(EpollEvents events)
    {
        if ((events & EpollEvents.Writable) != 0)
            Flush();
        if ((events & (EpollEvents.ReadHangUp | EpollEvents.HangUp | EpollEvents.Error)) != 0)
            _peerIsLeaving = true;
        // After a hang-up no further event comes, and while receiving was paused some were missed: read to the very end.
        var drain = _peerIsLeaving || (events & EpollEvents.Writable) != 0;
        while (Interlocked.CompareExchange(ref _receiveState, Receiving, Idle) != Idle)
        {
            if (Interlocked.CompareExchange(ref _receiveState, ReceivingAgain, Receiving) != Idle)
                return null;
        }

        IThreadPoolWorkItem? work = null;
        Receive(drain, ref work);
        while (Interlocked.CompareExchange(ref _receiveState, Idle, Receiving) != Receiving)
        {
            Volatile.Write(ref _receiveState, Receiving);
            Receive(drain: true, ref work);
        }

        return work;
    }

    private void Receive(bool drain, ref IThreadPoolWorkItem? work)
    {
        while (!_isClosed)
        {
            if (!ReadFrames(ref work))
                return;
            var space = _reader.GetFreeSpace();
            var count = ReceiveBytes(space);
            if (count == -(int)Errno.EAGAIN)
                return;
            if (count <= 0)
            {
                OnEndOfStream(-count);
                return;
            }

            _reader.Advance(count);
            // A short read has emptied the socket; what comes later is a new event.
            if (count < space.Length && !drain)
            {
                ReadFrames(ref work);
                return;
            }
        }
    }

    private int ReceiveBytes(Span<byte> space)
    {
        try
        {
            return StreamSocket.Receive(_socket, space);
        }
        catch (ObjectDisposedException)
        {
            return 0; // Closed by another thread in this moment.
        }
    }

    private void OnEndOfStream(int errno)
    {
        if (errno is not 0 and not (int)Errno.ECONNRESET)
            Close(new LinuxException("recv", null, (Errno)errno));
        else
            Close(_reader.IsAtBoundary ? null : new EndOfStreamException("The connection ended in the middle of a frame."));
    }

    /// <summary>Handles the frames that are complete. False when receiving has to stop.</summary>
    private bool ReadFrames(ref IThreadPoolWorkItem? work)
    {
        while (!_isClosed)
        {
            if (IsReceivingPaused && !_peerIsLeaving)
                return false;
            IThreadPoolWorkItem? next = null;
            switch (_reader.Read(out var header, out var data))
            {
                case FrameReadResult.Incomplete:
                    return true;
                case FrameReadResult.Frame:
                    next = OnFrame(header, data);
                    break;
                case FrameReadResult.Oversized:
                    next = OnOversizedFrame(header);
                    break;
                case FrameReadResult.Malformed:
                    Close(new InvalidDataException($"The peer announced a frame of {header.Length} bytes; that is no ttrpc."));
                    return false;
            }

            if (next is null)
                continue;
            // Only the last piece of work may run on this thread: an earlier one could block the later ones.
            if (work is not null)
                ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
            work = next;
        }

        return false;
    }

    private void Flush()
    {
        lock (_sendGate)
        {
            while (!_isClosed && _outbox.TryPeek(out var segment))
            {
                var sent = StreamSocket.Send(_socket, segment[_firstSent..]);
                if (sent < 0)
                    return; // Full again, or broken: then the receiving side closes.
                _outboxBytes -= sent;
                _firstSent += sent;
                if (_firstSent < segment.Count)
                    continue;
                _firstSent = 0;
                ArrayPool<byte>.Shared.Return(_outbox.Dequeue().Array!);
            }

            if (_isClosed)
                return;
            SocketPoller.Shared.WatchWritable(_socket, _token, false);
            _flushed?.TrySetResult();
            _flushed = null;
        }
    }
}
