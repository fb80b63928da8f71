using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent.Streams;

/// <summary>What a container's process reads: the writing end of its stdin, or its terminal.</summary>
internal sealed class ProcessInput : IDisposable
{
    private readonly SafeFileHandle _descriptor;
    private readonly Readiness _readiness;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly bool _isTerminal;
    private bool _closed;

    /// <param name="descriptor">A non-blocking descriptor, from now on owned by this.</param>
    public ProcessInput(SafeFileHandle descriptor, ReadinessPoller poller, bool isTerminal)
    {
        _descriptor = descriptor;
        _readiness = poller.Watch(descriptor);
        _isTerminal = isTerminal;
    }

    /// <summary>Writes everything, waiting while the process does not read.</summary>
    /// <exception cref="LinuxException">EPIPE when nobody will ever read it.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            while (!data.IsEmpty)
            {
                var count = Write(data.Span);
                if (count > 0)
                    data = data[count..];
                else
                    await _readiness.WaitAsync(EpollEvents.Writable, cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Lets the process read end of file, after what was written before. A terminal has none: it stays open.</summary>
    public async ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        if (_isTerminal)
            return;
        await _turn.WaitAsync(cancellationToken);
        Dispose();
        _turn.Release();
    }

    public void Dispose()
    {
        _closed = true;
        _readiness.Dispose();
        _descriptor.Dispose();
    }

    private int Write(ReadOnlySpan<byte> data)
    {
        try
        {
            return _closed ? throw new LinuxException("write", "stdin", Errno.EPIPE) : FileDescriptors.Write(_descriptor, data);
        }
        catch (ObjectDisposedException)
        {
            throw new LinuxException("write", "stdin", Errno.EPIPE);
        }
    }
}
