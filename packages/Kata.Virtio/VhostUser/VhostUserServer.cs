using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.Vsock;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.VhostUser;

/// <summary>Serves a vsock device to one front end at a time. Further ones wait in the listener's backlog.</summary>
internal sealed class VhostUserServer : IEventLoopClient, IEventHandler, IDisposable
{
    private readonly EventLoop _loop;
    private readonly SafeFileHandle? _listener;
    private readonly VsockDevice _device;
    private readonly VsockMuxer _muxer;
    private readonly ILogger _logger;
    private EventRegistration _listenerRegistration;
    private VhostUserConnection? _connection;
    private bool _isDisposing;

    private VhostUserServer(EventLoop loop, SafeFileHandle? listener, VsockDevice device, VsockMuxer muxer, ILogger logger) =>
        (_loop, _listener, _device, _muxer, _logger) = (loop, listener, device, muxer, logger);

    public long Deadline => _muxer.Deadline;

    /// <summary>Waits for front ends at a listening, non-blocking socket. Owns it and the muxer.</summary>
    public static VhostUserServer Listening(EventLoop loop, SafeFileHandle listener, VsockDevice device, VsockMuxer muxer, ILogger logger)
    {
        var server = new VhostUserServer(loop, listener, device, muxer, logger);
        server.Listen();
        return server;
    }

    /// <summary>Serves one front end, and ends the loop with it. Owns the socket and the muxer.</summary>
    public static VhostUserServer Connected(EventLoop loop, SafeFileHandle socket, VsockDevice device, VsockMuxer muxer, ILogger logger)
    {
        var server = new VhostUserServer(loop, null, device, muxer, logger);
        server.Connect(socket);
        return server;
    }

    public bool Continue() => _device.Continue();

    public void OnDeadline(long now) => _muxer.OnDeadline(now);

    /// <summary>An idle device needs none of the guest's memory.</summary>
    public void OnIdle()
    {
        _connection?.ReleasePages();
        _muxer.ReleaseSpareBuffer();
    }

    public void OnEvents(EpollEvents events, int token)
    {
        if (StreamSocket.Accept(_listener!, out var error) is { } socket)
        {
            _loop.Remove(_listenerRegistration, _listener!);
            Connect(socket);
        }
        else if (error != Errno.EAGAIN)
        {
            throw new LinuxException("accept4", "vhost-user socket", error);
        }
    }

    public void Dispose()
    {
        _isDisposing = true;
        if (_connection is not null)
            _connection.Dispose();
        else if (_listener is not null)
            _loop.Remove(_listenerRegistration, _listener);
        _listener?.Dispose();
        _muxer.Dispose();
    }

    private void Listen() => _listenerRegistration = _loop.Add(_listener!, EpollEvents.Readable, this);

    private void Connect(SafeFileHandle socket)
    {
        VhostUserLog.FrontEndConnected(_logger);
        _connection = new VhostUserConnection(_loop, socket, _device, _logger, OnConnectionClosed);
    }

    private void OnConnectionClosed()
    {
        _connection = null;
        VhostUserLog.FrontEndDisconnected(_logger);
        _muxer.CloseHeld();
        if (_isDisposing)
            return;
        if (_listener is null)
            _loop.Stop();
        else
            Listen();
    }
}
