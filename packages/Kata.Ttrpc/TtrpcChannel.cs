using System.Net.Sockets;
using System.Runtime.InteropServices;
using Grpc.Core;
using Kata.Linux;
using Kata.Ttrpc.Client;
using Kata.Ttrpc.Transport;
using Kata.Ttrpc.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Ttrpc;

/// <summary>
/// One ttrpc connection, to be passed to generated gRPC clients. Any number of calls may be in flight; thread-safe.
/// When the connection ends, all pending and later calls fail with <see cref="StatusCode.Unavailable"/>; it is never re-opened.
/// </summary>
/// <remarks>
/// ttrpc carries no response headers, no trailers but error details (trailer <c>grpc-status-details-bin</c>), no host and no
/// cancellation: a cancelled call is forgotten here and goes on in the server unless it has a deadline.
/// </remarks>
/// <example>
/// <code>
/// await using var channel = await TtrpcChannel.ConnectAsync(TtrpcAddress.Parse("unix:///run/echo.sock"));
/// var reply = await new Echo.EchoClient(channel).SayAsync(new Text { Value = "hello" });
/// </code>
/// </example>
public sealed class TtrpcChannel : CallInvoker, IAsyncDisposable
{
    private readonly ClientConnection _connection;
    private readonly TtrpcChannelOptions _options;

    private TtrpcChannel(SafeHandle socket, IDisposable? owner, TtrpcChannelOptions? options)
    {
        _options = options ?? new TtrpcChannelOptions();
        _connection = new ClientConnection(socket, owner, _options.Logger ?? NullLogger.Instance);
        _connection.Start();
    }

    /// <summary>Completes when the connection has ended, whoever ended it. Never faults.</summary>
    public Task Closed => _connection.Closed;

    internal int PendingCalls => _connection.PendingCalls;

    /// <summary>Connects once, without retries.</summary>
    /// <exception cref="LinuxException">Nobody listens, or there is no such socket.</exception>
    /// <exception cref="IOException">The hypervisor refused the port of a <c>hvsock</c> address.</exception>
    /// <exception cref="TimeoutException"><see cref="TtrpcChannelOptions.ConnectTimeout"/> is over.</exception>
    public static async ValueTask<TtrpcChannel> ConnectAsync(
        TtrpcAddress address, TtrpcChannelOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        var timeout = (options ??= new TtrpcChannelOptions()).ConnectTimeout;
        return new TtrpcChannel(await address.ConnectAsync(timeout, cancellationToken).ConfigureAwait(false), null, options);
    }

    /// <summary>Uses a connected stream socket of any family and takes ownership of it.</summary>
    public static TtrpcChannel FromHandle(SafeHandle socket, TtrpcChannelOptions? options = null) => new(socket, null, options);

    /// <inheritdoc cref="FromHandle"/>
    public static TtrpcChannel FromSocket(Socket socket, TtrpcChannelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return new TtrpcChannel(socket.SafeHandle, socket, options);
    }

    /// <summary>Uses any connected, bidirectional stream and takes ownership of it. Sockets are faster.</summary>
    public static TtrpcChannel FromStream(Stream stream, TtrpcChannelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return new TtrpcChannel(StreamBridge.Attach(stream), null, options);
    }

    /// <summary>
    /// Makes a unary call, as a generated client does, for programs that count their milliseconds: with NativeAOT every first call of a
    /// generic virtual method such as <see cref="AsyncUnaryCall"/> builds code at run time, some 80 µs and 20 KB for each pair of messages.
    /// </summary>
    /// <exception cref="RpcException">The call failed; it is the task that fails.</exception>
    /// <exception cref="ArgumentException">The method is not unary.</exception>
    public Task<TResponse> CallAsync<TRequest, TResponse>(Method<TRequest, TResponse> method, TRequest request, CallOptions options = default)
        where TRequest : class
        where TResponse : class
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(request);
        if (method.Type != MethodType.Unary)
            throw new ArgumentException($"{method.FullName} is a method of type {method.Type}, not a unary one.", nameof(method));
        return StartUnary(method, options, request).Task;
    }

    /// <inheritdoc/>
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        StartUnary(method, options, request).Task.GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = StartUnary(method, options, request);
        return new AsyncUnaryCall<TResponse>(call.Task, s_noHeaders, s_status, s_trailers, s_abandon, call);
    }

    /// <inheritdoc/>
    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new StreamingCall(_connection, method.FullName, isServerStreaming: true, _options.MaxStreamBacklog);
        Open(call, method, options, request, FrameFlags.RemoteClosed);
        var reader = new MessageStreamReader<TResponse>(call.Inbox, method.ResponseMarshaller);
        return new AsyncServerStreamingCall<TResponse>(reader, s_noHeaders, s_status, s_trailers, s_abandon, call);
    }

    /// <inheritdoc/>
    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = new StreamingCall(_connection, method.FullName, isServerStreaming: false, _options.MaxStreamBacklog);
        Open(call, method, options, null, FrameFlags.RemoteOpen);
        var writer = new ClientStreamWriter<TRequest>(call, method.RequestMarshaller);
        return new AsyncClientStreamingCall<TRequest, TResponse>(
            writer, call.ReadResponseAsync(method.ResponseMarshaller), s_noHeaders, s_status, s_trailers, s_abandon, call);
    }

    /// <inheritdoc/>
    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = new StreamingCall(_connection, method.FullName, isServerStreaming: true, _options.MaxStreamBacklog);
        Open(call, method, options, null, FrameFlags.RemoteOpen);
        var writer = new ClientStreamWriter<TRequest>(call, method.RequestMarshaller);
        var reader = new MessageStreamReader<TResponse>(call.Inbox, method.ResponseMarshaller);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(writer, reader, s_noHeaders, s_status, s_trailers, s_abandon, call);
    }

    /// <summary>Closes the connection. Pending calls fail with <see cref="StatusCode.Unavailable"/>.</summary>
    public ValueTask DisposeAsync()
    {
        _connection.Close(null);
        return ValueTask.CompletedTask;
    }

    private static readonly Func<object, Task<Metadata>> s_noHeaders = static _ => Task.FromResult(new Metadata());
    private static readonly Func<object, Status> s_status = static call => ((ClientCall)call).Status;
    private static readonly Func<object, Metadata> s_trailers = static call => ((ClientCall)call).Trailers;
    private static readonly Action<object> s_abandon = static call =>
        ((ClientCall)call).FailFromOutside(new Status(StatusCode.Cancelled, "Call canceled by the client."));

    private UnaryCall<TResponse> StartUnary<TRequest, TResponse>(Method<TRequest, TResponse> method, in CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class
    {
        var call = new UnaryCall<TResponse>(_connection, method.FullName, method.ResponseMarshaller);
        Open(call, method, options, request, FrameFlags.None);
        return call;
    }

    /// <summary>Sends the request. Errors end the call instead of being thrown.</summary>
    private void Open<TRequest, TResponse>(
        ClientCall call, Method<TRequest, TResponse> method, in CallOptions options, TRequest? request, FrameFlags flags)
        where TRequest : class
        where TResponse : class
    {
        var timeout = GetTimeout(options.Deadline);
        if (options.CancellationToken.IsCancellationRequested)
        {
            s_abandon(call);
            return;
        }

        if (timeout == TimeSpan.Zero)
        {
            call.FailFromOutside(ClientCall.DeadlineExceeded);
            return;
        }

        var writer = FrameWriter.Rent();
        try
        {
            var nanoseconds = timeout == Timeout.InfiniteTimeSpan ? 0 : timeout.Ticks * TimeSpan.NanosecondsPerTick;
            writer.BeginRequest(method.ServiceName, method.Name, nanoseconds, options.Headers);
            if (request is not null)
                writer.WriteMessage(method.RequestMarshaller, request);
            _connection.Open(call, writer, flags);
        }
        catch (RpcException e)
        {
            call.FailFromOutside(e.Status);
            return;
        }
        finally
        {
            writer.Return();
        }

        call.Watch(options, timeout);
    }

    /// <summary>Infinite without a deadline, zero when it is over. Capped at what timers can wait for, 49 days.</summary>
    private static TimeSpan GetTimeout(DateTime? deadline)
    {
        if (deadline is not { } end || end == DateTime.MaxValue)
            return Timeout.InfiniteTimeSpan;
        var timeout = end.ToUniversalTime() - DateTime.UtcNow;
        if (timeout.TotalMilliseconds >= uint.MaxValue - 1)
            return Timeout.InfiniteTimeSpan;
        return timeout < TimeSpan.Zero ? TimeSpan.Zero : timeout;
    }
}
