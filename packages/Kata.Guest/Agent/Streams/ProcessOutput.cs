using Google.Protobuf;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent.Streams;

/// <summary>What a container's process writes: the reading end of its stdout or stderr, or its terminal.</summary>
internal sealed class ProcessOutput : IDisposable
{
    /// <summary>How long others may keep the stream open after the process has ended.</summary>
    private static readonly TimeSpan _drainTime = TimeSpan.FromMilliseconds(500);

    /// <summary>The most that is read after that time: what a pipe can hold.</summary>
    private const int DrainBytes = 1 << 20;

    private const int LongestRead = 1 << 20;

    private readonly SafeFileHandle _descriptor;
    private readonly Readiness _readiness;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Timer _drain;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _buffer = [];
    private int _left = int.MaxValue;
    private volatile bool _drained;

    /// <param name="descriptor">A non-blocking descriptor, from now on owned by this.</param>
    public ProcessOutput(SafeFileHandle descriptor, ReadinessPoller poller)
    {
        _descriptor = descriptor;
        _readiness = poller.Watch(descriptor);
        _drain = new Timer(_ => Drain());
    }

    /// <summary>Completes when the end was read.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Waits for output. Returns what there is, at most <paramref name="length"/> bytes; nothing at the end.</summary>
    public async ValueTask<ByteString> ReadAsync(int length, CancellationToken cancellationToken)
    {
        length = Math.Clamp(length, 1, LongestRead);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            while (!_ended.Task.IsCompleted)
            {
                // Read before the flag: what was written before the process ended is in the pipe by then.
                var drained = _drained;
                var count = _left == 0 ? 0 : Read(length);
                if (count > 0)
                {
                    if (drained)
                        _left = Math.Max(0, Math.Min(_left, DrainBytes) - count);
                    return Take(count);
                }

                if (count == 0 || drained)
                    End();
                else
                    await _readiness.WaitAsync(EpollEvents.Readable, cancellationToken);
            }

            return ByteString.Empty;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The process has ended: the stream does too, at the latest soon, whoever else still holds it.</summary>
    public void ProcessEnded() => _drain.Change(_drainTime, Timeout.InfiniteTimeSpan);

    public void Dispose()
    {
        _drain.Dispose();
        _drained = true;
        _left = 0;
        _readiness.Dispose();
        _descriptor.Dispose();
    }

    private void Drain()
    {
        _drained = true;
        _readiness.Finish();
    }

    private int Read(int length)
    {
        if (_buffer.Length < length)
            _buffer = GC.AllocateUninitializedArray<byte>(length);
        try
        {
            return FileDescriptors.Read(_descriptor, _buffer.AsSpan(0, length));
        }
        catch (LinuxException e) when (e.Errno == Errno.EIO)
        {
            // A terminal whose other side nobody has open.
            return 0;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>A well-filled buffer goes out as it is and a new one takes its place; a little data is copied.</summary>
    private ByteString Take(int count)
    {
        if (count < _buffer.Length / 2)
            return ByteString.CopyFrom(_buffer, 0, count);
        var full = _buffer;
        _buffer = [];
        return UnsafeByteOperations.UnsafeWrap(full.AsMemory(0, count));
    }

    private void End()
    {
        _ended.TrySetResult();
        _buffer = [];
        Dispose();
    }
}
