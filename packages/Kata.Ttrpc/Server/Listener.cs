using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Ttrpc.Transport;
using Microsoft.Extensions.Logging;

namespace Kata.Ttrpc.Server;

/// <summary>A listening socket. When descriptors run out, it waits with growing patience instead of giving up.</summary>
internal sealed class Listener(TtrpcServer server, SafeHandle socket, string? path, ILogger logger) : IPollTarget, IDisposable
{
    private static readonly TimeSpan s_maxBackoff = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private ulong _token;
    private bool _isClosed;
    private TimeSpan _backoff;

    public void Start()
    {
        lock (_gate)
        {
            if (_isClosed)
                return;
            FileDescriptors.SetNonBlocking(socket, true);
            _token = SocketPoller.Shared.Add(socket, this);
        }
    }

    public IThreadPoolWorkItem? OnReady(EpollEvents events)
    {
        lock (_gate)
        {
            if (!_isClosed)
                AcceptAll();
        }

        return null;
    }

    /// <summary>Stops listening and removes the socket file, if this process made it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            if (path is not null)
                File.Delete(path);
            if (_token != 0)
                SocketPoller.Shared.Remove(socket, _token);
            socket.Dispose();
        }
    }

    private void AcceptAll()
    {
        try
        {
            while (UnixSocket.Accept(socket) is { } connection)
                Serve(connection);
            _backoff = TimeSpan.Zero;
        }
        catch (LinuxException e)
        {
            _backoff = _backoff == TimeSpan.Zero ? TimeSpan.FromMilliseconds(1) : TimeSpan.FromTicks(Math.Min(_backoff.Ticks * 2, s_maxBackoff.Ticks));
            TtrpcLog.AcceptFailed(logger, _backoff.TotalMilliseconds, e);
            _ = RetryAsync(_backoff);
        }
    }

    private void Serve(SafeHandle connection)
    {
        try
        {
            server.TryServe(connection);
        }
        catch (Exception e) when (e is LinuxException or ObjectDisposedException)
        {
            // The peer is gone again; that concerns nobody else.
            TtrpcLog.ConnectionBroken(logger, e);
            connection.Dispose();
        }
    }

    private async Task RetryAsync(TimeSpan delay)
    {
        await Task.Delay(delay).ConfigureAwait(false);
        OnReady(EpollEvents.Readable);
    }
}
