using System.Runtime.InteropServices;
using Grpc.Core;
using Kata.Linux;
using Kata.Ttrpc.Server;
using Kata.Ttrpc.Transport;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Ttrpc;

/// <summary>
/// Serves generated gRPC services over ttrpc, on any number of listeners and connections. Thread-safe.
/// </summary>
/// <remarks>
/// Calls run concurrently. A handler whose client or connection is gone is not stopped: state-changing handlers run to their end.
/// One that only waits observes <see cref="ServerCallContext.CancellationToken"/>, which fires on connection loss and at the deadline.
/// Handlers may be started on the thread that reads the sockets; they may block, but an asynchronous wait is cheaper.
/// </remarks>
/// <example>
/// <code>
/// await using var server = new TtrpcServer();
/// Echo.BindService(server.Services, new EchoService());
/// server.Listen(TtrpcAddress.Parse("unix:///run/echo.sock"));
/// await Task.Delay(Timeout.Infinite);
/// </code>
/// </example>
public sealed class TtrpcServer : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly HashSet<Listener> _listeners = [];
    private readonly HashSet<ServerConnection> _connections = [];
    private readonly ILogger _logger;
    private bool _isStopped;

    /// <summary>Makes a server without services and listeners.</summary>
    public TtrpcServer(TtrpcServerOptions? options = null)
    {
        Options = options ?? new TtrpcServerOptions();
        _logger = Options.Logger ?? NullLogger.Instance;
    }

    /// <summary>Where to bind services: <c>Xxx.BindService(server.Services, implementation)</c>.</summary>
    public ServiceBinderBase Services => Table;

    internal TtrpcServerOptions Options { get; }

    internal ServiceTable Table { get; } = new();

    internal int ConnectionCount
    {
        get
        {
            lock (_gate)
                return _connections.Count;
        }
    }

    /// <summary>
    /// Serves a unary method, as binding its service does, for programs that count their milliseconds: with NativeAOT every first call of a
    /// generic virtual method, such as generated code makes for each method, builds code at run time, some 80 µs and 20 KB.
    /// </summary>
    /// <exception cref="ArgumentException">The method is not unary, or is bound already.</exception>
    public void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(handler);
        if (method.Type != MethodType.Unary)
            throw new ArgumentException($"{method.FullName} is a method of type {method.Type}, not a unary one.", nameof(method));
        Table.AddUnary(method, handler);
    }

    /// <summary>Serves the methods of a bound service under a second name too, e.g. version 3 of a service whose messages are those of version 2.</summary>
    /// <exception cref="ArgumentException">There is no such service, or one with that name already.</exception>
    public void AddServiceAlias(string alias, string service) => Table.AddAlias(alias, service);

    /// <summary>
    /// Listens on an address. A unix socket is made with mode 0600 and removed at the end; for a hybrid vsock address it is
    /// <c>path_PORT</c>, where VMMs lead connections from the guest.
    /// </summary>
    /// <exception cref="LinuxException">EADDRINUSE when the path exists or the port is taken.</exception>
    public void Listen(TtrpcAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var path = address.Kind switch
        {
            TtrpcAddressKind.Unix => address.Path,
            TtrpcAddressKind.HybridVsock => $"{address.Path}_{address.Port}",
            _ => null,
        };
        Listen(path is null ? Vsock.Listen(address.Port) : UnixSocket.Listen(path), path);
    }

    /// <summary>Serves a listening stream socket of any family, e.g. an inherited descriptor, and takes ownership of it.</summary>
    public void Listen(SafeHandle listeningSocket) => Listen(listeningSocket, null);

    /// <summary>Serves one connected stream socket of any family and takes ownership of it.</summary>
    /// <exception cref="UnauthorizedAccessException">The peer's user is not ours; see <see cref="TtrpcServerOptions.RequireSameUser"/>.</exception>
    public void Serve(SafeHandle connectedSocket)
    {
        if (!TryServe(connectedSocket))
            throw new UnauthorizedAccessException("The peer of the socket runs as another user.");
    }

    /// <summary>Serves one connected, bidirectional stream and takes ownership of it. Sockets are faster.</summary>
    public void Serve(Stream connectedStream)
    {
        ArgumentNullException.ThrowIfNull(connectedStream);
        TryServe(StreamBridge.Attach(connectedStream));
    }

    /// <summary>
    /// Stops listening, closes idle connections, lets running calls end and closes their connections then. New calls are answered
    /// with <see cref="StatusCode.Unavailable"/>.
    /// </summary>
    /// <param name="cancellationToken">Ends the patience: what still runs loses its connection.</param>
    /// <exception cref="OperationCanceledException">The token fired before all calls had ended.</exception>
    public async Task ShutdownAsync(CancellationToken cancellationToken = default)
    {
        var connections = Stop();
        foreach (var connection in connections)
            connection.Drain();
        try
        {
            await Task.WhenAll(connections.Select(connection => connection.Closed)).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Stops at once: closes all listeners and connections. Running handlers see their cancellation token fire.</summary>
    public ValueTask DisposeAsync()
    {
        foreach (var connection in Stop())
            connection.Close(null);
        return ValueTask.CompletedTask;
    }

    internal bool TryServe(SafeHandle socket)
    {
        var credentials = GetCredentials(socket);
        if (Options.RequireSameUser && credentials is { } peer && !IsSameUser(peer))
        {
            TtrpcLog.PeerRefused(_logger, peer.Pid, peer.Uid, peer.Gid);
            socket.Dispose();
            return false;
        }

        var connection = new ServerConnection(this, socket, credentials, _logger);
        lock (_gate)
        {
            if (_isStopped)
            {
                socket.Dispose();
                return true;
            }

            _connections.Add(connection);
        }

        connection.Start();
        return true;
    }

    internal void Forget(ServerConnection connection)
    {
        lock (_gate)
            _connections.Remove(connection);
    }

    private static PeerCredentials? GetCredentials(SafeHandle socket)
    {
        // For a socket without users, such as a vsock, the kernel reports process 0 and user -1.
        var credentials = UnixSocket.GetPeerCredentials(socket);
        return credentials is { Pid: 0, Uid: uint.MaxValue } ? null : credentials;
    }

    private static bool IsSameUser(PeerCredentials peer) =>
        peer.Uid == CurrentProcess.EffectiveUserId && peer.Gid == CurrentProcess.EffectiveGroupId;

    private void Listen(SafeHandle socket, string? path)
    {
        var listener = new Listener(this, socket, path, _logger);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isStopped, this);
            _listeners.Add(listener);
        }

        listener.Start();
    }

    private ServerConnection[] Stop()
    {
        Listener[] listeners;
        ServerConnection[] connections;
        lock (_gate)
        {
            _isStopped = true;
            (listeners, connections) = ([.. _listeners], [.. _connections]);
            _listeners.Clear();
        }

        foreach (var listener in listeners)
            listener.Dispose();
        return connections;
    }
}
