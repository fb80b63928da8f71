using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.VhostUser;

/// <summary>
/// Serves a device to one front end at a time; further ones wait in the listener's backlog. Shares the thread of the device's first worker.
/// </summary>
internal sealed class VhostUserServer : IEventLoopClient, IEventHandler, IDisposable
{
    /// <summary>Pause after the process ran out of descriptors, before connections are accepted again.</summary>
    private const long AcceptRetryMilliseconds = 100;

    private readonly IQueueDevice _device;
    private readonly IQueueWorker _worker;
    private readonly IReadOnlyList<DeviceThread> _threads;
    private readonly EventLoop _loop;
    private readonly SafeFileHandle? _listener;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EventRegistration _listenerRegistration;
    private VhostUserConnection? _connection;
    private bool _isClosing;
    private long _listenAgain = long.MaxValue;
    private LogGate _acceptGate;

    private VhostUserServer(VirtioDevice device, SafeFileHandle? listener, ILogger logger)
    {
        _device = device.Model as IQueueDevice
            ?? throw new ArgumentException(
                "The device leaves its queues to another process or the kernel, so this one cannot serve it.", nameof(device));
        if (device.Threads[0].IsStarted)
            throw new InvalidOperationException("The device is behind a transport already; make one device for each.");
        (_threads, _listener, _logger) = (device.Threads, listener, logger);
        _worker = _device.Workers[0];
        _loop = _threads[0].Loop;
    }

    /// <summary>Ends when nothing is served any more: a connection without a listener has ended, or <see cref="CloseAsync"/>.</summary>
    /// <remarks>Faults when the device's first thread failed.</remarks>
    public Task Closed { get; private set; } = Task.CompletedTask;

    public long Deadline => Math.Min(_worker.Deadline, _listenAgain);

    /// <summary>Waits for front ends at a listening, non-blocking socket, owned from here on.</summary>
    public static VhostUserServer Listening(VirtioDevice device, SafeFileHandle listener, ILogger logger)
    {
        var server = new VhostUserServer(device, listener, logger);
        server.Listen();
        server.Start();
        return server;
    }

    /// <summary>Serves one front end, at a non-blocking socket, owned from here on.</summary>
    public static VhostUserServer Connected(VirtioDevice device, SafeFileHandle socket, ILogger logger)
    {
        var server = new VhostUserServer(device, null, logger);
        server.Connect(socket);
        server.Start();
        return server;
    }

    public bool Continue() => _worker.Continue();

    public void OnDeadline(long now)
    {
        if (now >= _listenAgain)
            Listen();
        if (now >= _worker.Deadline)
            _worker.OnDeadline(now);
    }

    /// <summary>An idle device needs none of the guest's memory.</summary>
    public void OnIdle()
    {
        _connection?.ReleasePages();
        _worker.OnIdle();
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
            // Out of descriptors, which others may give back: until then the listener would be ready all the time.
            _loop.Remove(_listenerRegistration, _listener!);
            _listenAgain = Environment.TickCount64 + AcceptRetryMilliseconds;
            if (_acceptGate.TryPass(out var suppressed))
                VhostUserLog.AcceptFailed(_logger, error, suppressed);
        }
    }

    /// <summary>Lets go of the front end and the device. From any thread.</summary>
    public Task CloseAsync()
    {
        _loop.Post(Close);
        return Closed;
    }

    /// <summary>Lets go of the front end and the device. On the device's first thread, or when that has not started.</summary>
    public void Dispose()
    {
        if (_isClosing)
            return;
        _isClosing = true;
        try
        {
            if (_connection is not null)
                _connection.Dispose();
            else if (_listener is not null && _listenAgain == long.MaxValue)
                _loop.Remove(_listenerRegistration, _listener);
        }
        finally
        {
            _listener?.Dispose();
        }
    }

    private void Start()
    {
        Closed = CompleteAsync();
        _threads[0].Start(this, Dispose);
        for (var i = 1; i < _threads.Count; i++)
            _threads[i].Start(_device.Workers[i]);
    }

    private void Listen()
    {
        _listenAgain = long.MaxValue;
        _listenerRegistration = _loop.Add(_listener!, EpollEvents.Readable, this);
    }

    private void Connect(SafeFileHandle socket)
    {
        VhostUserLog.FrontEndConnected(_logger);
        _connection = new VhostUserConnection(_threads, socket, _device, _logger, OnConnectionClosed);
    }

    private async Task CompleteAsync() =>
        await (await Task.WhenAny(_closed.Task, _threads[0].Completed).ConfigureAwait(false)).ConfigureAwait(false);

    private void Close()
    {
        Dispose();
        _closed.TrySetResult();
    }

    private void OnConnectionClosed()
    {
        _connection = null;
        VhostUserLog.FrontEndDisconnected(_logger);
        if (_listener is not null && !_isClosing)
            Listen();
        else
            Close();
    }
}
