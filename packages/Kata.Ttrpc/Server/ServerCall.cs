using System.Diagnostics;
using Grpc.Core;
using Kata.Linux;
using Kata.Ttrpc.Transport;
using Kata.Ttrpc.Wire;

namespace Kata.Ttrpc.Server;

/// <summary>A call from the server's view: the handler's context and the work item that runs the handler.</summary>
internal sealed class ServerCall : ServerCallContext, IThreadPoolWorkItem
{
    private readonly ServerConnection _connection;
    private readonly ServiceTable.Service _service;
    private readonly ServerMethod _method;
    private readonly byte[]? _rawMetadata;
    private readonly long _startTicks = Stopwatch.GetTimestamp();
    private readonly DateTime _deadline;
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private CancellationTokenSource? _cancellation;
    private int _isFinished;

    public ServerCall(ServerConnection connection, uint id, ServiceTable.Service service, ServerMethod method, in RequestEnvelope request)
    {
        _connection = connection;
        Id = id;
        _service = service;
        _method = method;
        _rawMetadata = request.Metadata.IsEmpty ? null : request.Metadata.ToArray();
        _deadline = ToDeadline(request.TimeoutNano);
        if (method.IsClientStreaming)
            Inbox = new MessageQueue(connection.Options.MaxStreamBacklog);
    }

    public uint Id { get; }

    /// <summary>The message of the request frame.</summary>
    public object? Request { get; init; }

    /// <summary>The single response, set by the handler.</summary>
    public object? Response { get; set; }

    /// <summary>Messages from the client's data frames; null when the method takes none.</summary>
    public MessageQueue? Inbox { get; }

    /// <summary>Who called; null when the socket does not tell.</summary>
    public PeerCredentials? Credentials => _connection.Credentials;

    protected override string MethodCore => $"/{_service.Name}/{_method.Name}";

    protected override string HostCore => "";

    protected override string PeerCore => _connection.Peer;

    protected override DateTime DeadlineCore => _deadline;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= _rawMetadata is null ? [] : MetadataCodec.Decode(_rawMetadata);

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => new(null, []);

    /// <summary>Fires when the connection is lost or the deadline is over. Made on demand: most handlers run to the end whatever happens.</summary>
    protected override CancellationToken CancellationTokenCore
    {
        get
        {
            if (_deadline == DateTime.MaxValue)
                return _connection.Lost;
            if (_cancellation is null)
            {
                var source = CancellationTokenSource.CreateLinkedTokenSource(_connection.Lost);
                if (Interlocked.CompareExchange(ref _cancellation, source, null) is null)
                    CancelAtDeadline(source);
                else
                    source.Dispose();
            }

            return _cancellation.Token;
        }
    }

    // Timers may fire a little before the clock says so.
    private bool IsDeadlineOver =>
        _deadline <= DateTime.UtcNow || (_cancellation is { IsCancellationRequested: true } && !_connection.Lost.IsCancellationRequested);

    public void Execute() => _ = RunAsync();

    /// <summary>Sends one message of a stream; completes when there is room for the next.</summary>
    public Task WriteAsync<T>(Marshaller<T> marshaller, T message)
    {
        if (_isFinished != 0)
            throw new InvalidOperationException("The call has finished; nothing more can be written.");
        var writer = FrameWriter.Rent();
        try
        {
            writer.BeginData();
            writer.WriteMessage(marshaller, message);
            writer.Finish(Id, FrameType.Data);
            return _connection.Send(writer.Frame)
                ? _connection.FlushAsync()
                : Task.FromException(new RpcException(new Status(StatusCode.Unavailable, "ttrpc: closed")));
        }
        finally
        {
            writer.Return();
        }
    }

    /// <summary>Ends the stream early because of the client: the handler's next read fails, its result is dropped.</summary>
    public IThreadPoolWorkItem? Terminate(Status status)
    {
        if (TryFinish())
            _connection.SendStatus(Id, status);
        return Inbox?.End(new RpcException(status));
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        // There is nothing in ttrpc to carry them.
        return Task.CompletedTask;
    }

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("ttrpc has no context propagation; pass the deadline and metadata on by hand.");

    private async Task RunAsync()
    {
        var status = Status.DefaultSuccess;
        var trailers = _responseTrailers;
        try
        {
            await (_connection.Options.Middleware is { } middleware
                ? middleware(this, () => _method.InvokeAsync(this))
                : _method.InvokeAsync(this)).ConfigureAwait(false);
            (status, trailers) = (StatusCore, _responseTrailers);
        }
        catch (Exception e)
        {
            status = ExceptionStatus.From(e, IsDeadlineOver);
            trailers = (e as RpcException)?.Trailers;
        }

        try
        {
            Finish(ref status, trailers);
        }
        finally
        {
            _cancellation?.Dispose();
            _connection.OnCallEnded(this, status, Stopwatch.GetElapsedTime(_startTicks));
        }
    }

    private void Finish(ref Status status, Metadata? trailers)
    {
        if (!TryFinish())
            return;
        var writer = FrameWriter.Rent();
        try
        {
            if (status.StatusCode == StatusCode.OK)
            {
                WriteSuccess(writer);
                _connection.Send(writer.Frame);
                return;
            }
        }
        catch (Exception e)
        {
            (status, trailers) = (ExceptionStatus.From(e, isDeadlineOver: false), null);
        }
        finally
        {
            writer.Return();
        }

        _connection.SendStatus(Id, status, trailers);
    }

    private void WriteSuccess(FrameWriter writer)
    {
        if (_method.IsServerStreaming)
        {
            writer.BeginData();
            writer.Finish(Id, FrameType.Data, FrameFlags.RemoteClosed | FrameFlags.NoData);
            return;
        }

        if (Response is null)
            throw new InvalidOperationException($"The handler of {MethodCore} returned no response.");
        writer.BeginResponse([]);
        _method.WriteResponse(writer, Response);
        writer.Finish(Id, FrameType.Response);
    }

    private bool TryFinish() => Interlocked.Exchange(ref _isFinished, 1) == 0;

    private void CancelAtDeadline(CancellationTokenSource source)
    {
        var left = _deadline - DateTime.UtcNow;
        if (left <= TimeSpan.Zero)
            source.Cancel();
        else if (left.TotalMilliseconds < uint.MaxValue - 1)
            source.CancelAfter(left);
    }

    private static DateTime ToDeadline(long timeoutNano)
    {
        if (timeoutNano == 0)
            return DateTime.MaxValue;
        var now = DateTime.UtcNow;
        var ticks = timeoutNano / TimeSpan.NanosecondsPerTick;
        return ticks > DateTime.MaxValue.Ticks - now.Ticks ? DateTime.MaxValue : now.AddTicks(Math.Max(ticks, 0));
    }
}
