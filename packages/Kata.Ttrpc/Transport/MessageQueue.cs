namespace Kata.Ttrpc.Transport;

/// <summary>
/// Received messages of one stream, still serialized, until the application asks for them. ttrpc has no flow control and a
/// slow stream must not hold up the connection, so the queue is bounded by ending the stream.
/// </summary>
internal sealed class MessageQueue(int maxBytes)
{
    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _messages = [];
    private Waiter? _waiter;
    private Exception? _error;
    private long _bytes;
    private bool _ended;

    /// <summary>No more messages are accepted.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_gate)
                return _ended;
        }
    }

    /// <summary>Adds a message. False when the queue is full.</summary>
    /// <param name="work">Foreign code to run: the reader that has waited for it.</param>
    public bool TryAdd(ReadOnlySpan<byte> message, out IThreadPoolWorkItem? work)
    {
        work = null;
        lock (_gate)
        {
            if (_ended)
                return true;
            if (_waiter is not null)
            {
                work = TakeWaiter(message.ToArray(), null);
                return true;
            }

            // One message is always accepted, however large.
            if (_bytes > 0 && _bytes + message.Length > maxBytes)
                return false;
            _messages.Enqueue(message.ToArray());
            _bytes += message.Length;
            return true;
        }
    }

    /// <summary>Ends the queue; what is in it can still be read. Only the first call counts. Returns foreign code to run.</summary>
    public IThreadPoolWorkItem? End(Exception? error = null)
    {
        lock (_gate)
        {
            if (_ended)
                return null;
            (_ended, _error) = (true, error);
            return _waiter is null ? null : TakeWaiter(null, error);
        }
    }

    /// <summary>Takes the next message; null at the end. One reader at a time.</summary>
    public async ValueTask<byte[]?> ReadAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter waiter;
        lock (_gate)
        {
            if (_waiter is not null)
                throw new InvalidOperationException("Another read of this stream is still waiting.");
            if (_messages.TryDequeue(out var message))
            {
                _bytes -= message.Length;
                return message;
            }

            if (_ended)
                return _error is null ? null : throw _error;
            _waiter = waiter = new Waiter();
        }

        using var registration = cancellationToken.UnsafeRegister(static (state, token) =>
        {
            var (queue, waiter) = ((MessageQueue, Waiter))state!;
            queue.Cancel(waiter, token);
        }, (this, waiter));
        return await waiter.Task.ConfigureAwait(false);
    }

    private Waiter TakeWaiter(byte[]? message, Exception? error)
    {
        var waiter = _waiter!;
        _waiter = null;
        (waiter.Message, waiter.Error) = (message, error);
        return waiter;
    }

    private void Cancel(Waiter waiter, CancellationToken token)
    {
        lock (_gate)
        {
            if (_waiter != waiter)
                return;
            _waiter = null;
        }

        waiter.TrySetCanceled(token);
    }

    private sealed class Waiter : TaskCompletionSource<byte[]?>, IThreadPoolWorkItem
    {
        public byte[]? Message { get; set; }

        public Exception? Error { get; set; }

        public void Execute()
        {
            if (Error is null)
                TrySetResult(Message);
            else
                TrySetException(Error);
        }
    }
}
