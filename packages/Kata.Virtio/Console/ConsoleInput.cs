namespace Kata.Virtio.Console;

/// <summary>What waits for the guest to read it: a bounded queue of bytes. Writers wait for room, in order. Thread-safe.</summary>
internal sealed class ConsoleInput : IDisposable
{
    public const int Capacity = 4096;

    private readonly byte[] _ring = new byte[Capacity];
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private TaskCompletionSource? _room;
    private int _head;
    private int _count;
    private bool _isClosed;

    /// <summary>Waits until everything is in the queue.</summary>
    /// <param name="added">Called when something was added.</param>
    /// <exception cref="ObjectDisposedException">The queue was closed.</exception>
    public async Task WriteAsync(ReadOnlyMemory<byte> input, Action added, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (!input.IsEmpty)
            {
                var taken = Add(input.Span, out var room);
                if (taken > 0)
                    added();
                else
                    await room!.WaitAsync(cancellationToken).ConfigureAwait(false);
                input = input[taken..];
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Takes as much as there is and fits.</summary>
    public int Read(Span<byte> destination)
    {
        lock (_lock)
        {
            var count = Math.Min(destination.Length, _count);
            var first = Math.Min(count, Capacity - _head);
            _ring.AsSpan(_head, first).CopyTo(destination);
            _ring.AsSpan(0, count - first).CopyTo(destination[first..]);
            _head = (_head + count) % Capacity;
            _count -= count;
            if (count > 0)
                ReleaseWaiter();
            return count;
        }
    }

    /// <summary>Nobody will read any more: writers that wait fail.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            ReleaseWaiter();
        }
    }

    private int Add(ReadOnlySpan<byte> input, out Task? room)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(VirtioConsole));
            var count = Math.Min(input.Length, Capacity - _count);
            var tail = (_head + _count) % Capacity;
            var first = Math.Min(count, Capacity - tail);
            input[..first].CopyTo(_ring.AsSpan(tail));
            input[first..count].CopyTo(_ring);
            _count += count;
            room = count > 0 ? null : (_room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            return count;
        }
    }

    private void ReleaseWaiter()
    {
        _room?.SetResult();
        _room = null;
    }
}
