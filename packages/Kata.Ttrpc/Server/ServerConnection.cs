using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using Grpc.Core;
using Kata.Linux;
using Kata.Ttrpc.Transport;
using Kata.Ttrpc.Wire;
using Microsoft.Extensions.Logging;

namespace Kata.Ttrpc.Server;

/// <summary>The server's end of a connection: turns request frames into calls and leads data frames to their streams.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Without a timer, a token source holds nothing that needs disposing.")]
internal sealed class ServerConnection : Connection
{
    /// <summary>Bytes of unread responses beyond which no more requests are taken from a peer.</summary>
    private const int MaxOutbox = FrameHeader.MaxLength;

    private readonly TtrpcServer _server;
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, ServerCall> _streams = [];
    private readonly CancellationTokenSource _lost = new();
    private uint _lastId;
    private int _active;
    private bool _isDraining;

    public ServerConnection(TtrpcServer server, SafeHandle socket, PeerCredentials? credentials, ILogger logger)
        : base(socket, null, logger)
    {
        _server = server;
        Credentials = credentials;
        Lost = _lost.Token;
    }

    public PeerCredentials? Credentials { get; }

    public string Peer => Credentials is { } c ? $"unix:pid={c.Pid},uid={c.Uid},gid={c.Gid}" : "unknown";

    public TtrpcServerOptions Options => _server.Options;

    /// <summary>Fires when the connection has ended.</summary>
    public CancellationToken Lost { get; }

    protected override bool IsReceivingPaused => OutboxBytes > MaxOutbox;

    /// <summary>Takes no further calls and closes when the running ones have been answered.</summary>
    public void Drain()
    {
        lock (_gate)
        {
            _isDraining = true;
            if (_active > 0)
                return;
        }

        _ = CloseWhenFlushedAsync();
    }

    public bool SendStatus(uint id, Status status, Metadata? trailers = null)
    {
        var writer = FrameWriter.Rent();
        try
        {
            writer.BeginResponse(StatusCodec.Encode(status, trailers));
            writer.Finish(id, FrameType.Response);
            return Send(writer.Frame);
        }
        catch (RpcException e)
        {
            // Only a text or details of megabytes get here.
            return SendStatus(id, e.Status);
        }
        finally
        {
            writer.Return();
        }
    }

    public void OnCallEnded(ServerCall call, Status status, TimeSpan elapsed)
    {
        if (Logger.IsEnabled(LogLevel.Debug))
            TtrpcLog.CallEnded(Logger, call.Method, status.StatusCode, elapsed.TotalMilliseconds, status.Detail);
        lock (_gate)
        {
            if (call.Inbox is not null)
                _streams.Remove(call.Id);
            if (--_active > 0 || !_isDraining)
                return;
        }

        _ = CloseWhenFlushedAsync();
    }

    protected override IThreadPoolWorkItem? OnFrame(in FrameHeader header, ReadOnlyMemory<byte> data)
    {
        switch (header.Type)
        {
            case FrameType.Request:
                var work = OnRequest(header, data, out var error);
                if (error.StatusCode != StatusCode.OK)
                    SendStatus(header.StreamId, error);
                return work;
            case FrameType.Data:
                return OnData(header, data);
            default:
                return null; // To be ignored, for later versions of the protocol.
        }
    }

    protected override IThreadPoolWorkItem? OnOversizedFrame(in FrameHeader header)
    {
        TtrpcLog.OversizedFrame(Logger, header.Length, header.StreamId);
        SendStatus(header.StreamId, FrameWriter.Oversized(header.Length));
        return null;
    }

    protected override void OnClosed(Exception? reason)
    {
        if (reason is not null)
            TtrpcLog.ConnectionBroken(Logger, reason);
        ServerCall[] streams;
        lock (_gate)
            streams = [.. _streams.Values];
        _server.Forget(this);
        // Handlers' code runs in here, so not on the poller's thread.
        _ = _lost.CancelAsync();
        foreach (var stream in streams)
        {
            if (stream.Terminate(new Status(StatusCode.Unavailable, "ttrpc: closed")) is { } work)
                ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
        }
    }

    private ServerCall? OnRequest(in FrameHeader header, ReadOnlyMemory<byte> data, out Status error)
    {
        if (header.StreamId % 2 == 0)
            return Reject(StatusCode.InvalidArgument, "StreamID must be odd for client initiated streams", out error);
        if (header.StreamId <= _lastId)
            return Reject(StatusCode.InvalidArgument, "StreamID cannot be re-used and must increment", out error);
        _lastId = header.StreamId;
        if (!RequestEnvelope.TryRead(data, out var request))
            return Reject(StatusCode.InvalidArgument, "unmarshal request error: the message is malformed", out error);
        if (_server.Table.Find(request.Service) is not { } service)
            return Reject(StatusCode.Unimplemented, $"service {Encoding.UTF8.GetString(request.Service)}", out error);
        if (service.Methods.Find(request.Method) is not { } method)
            return Reject(StatusCode.Unimplemented, $"method {Encoding.UTF8.GetString(request.Method)}", out error);
        object? message;
        try
        {
            message = method.ParseRequest(request.Payload);
        }
        catch (Exception e)
        {
            return Reject(StatusCode.Internal, $"ttrpc: error unmarshalling payload: {e.Message}", out error);
        }

        var call = new ServerCall(this, header.StreamId, service, method, request) { Request = message };
        lock (_gate)
        {
            // Closing first marks the connection and then ends its streams in this lock: a stream is seen there or refused here.
            if (_isDraining || IsClosed)
                return Reject(StatusCode.Unavailable, "The server is shutting down.", out error);
            _active++;
            if (call.Inbox is not null)
                OpenInbox(call, call.Inbox, header.Flags, request.Payload);
        }

        error = default;
        return call;
    }

    private void OpenInbox(ServerCall call, MessageQueue inbox, FrameFlags flags, ReadOnlyMemory<byte> payload)
    {
        // A message in the request counts as the first of the stream; an empty one cannot be told from none.
        if (!payload.IsEmpty)
            inbox.TryAdd(payload.Span, out _);
        if ((flags & FrameFlags.RemoteOpen) == 0)
            inbox.End();
        _streams.Add(call.Id, call);
    }

    private IThreadPoolWorkItem? OnData(in FrameHeader header, ReadOnlyMemory<byte> data)
    {
        ServerCall? call;
        lock (_gate)
            _streams.TryGetValue(header.StreamId, out call);
        if (call?.Inbox is not { } inbox)
        {
            SendStatus(header.StreamId, new Status(StatusCode.InvalidArgument, "StreamID is no longer active"));
            return null;
        }

        if ((header.Flags & FrameFlags.NoData) != 0)
            return (header.Flags & FrameFlags.RemoteClosed) != 0 ? inbox.End() : null;
        if (inbox.HasEnded)
            return call.Terminate(new Status(StatusCode.InvalidArgument, "data handling error: ttrpc: stream closed"));
        if ((header.Flags & FrameFlags.RemoteClosed) != 0 && !data.IsEmpty)
            return call.Terminate(new Status(StatusCode.InvalidArgument, "data close message cannot include data"));
        if (!inbox.TryAdd(data.Span, out var work))
        {
            return call.Terminate(new Status(
                StatusCode.ResourceExhausted, $"The messages arrive faster than they are read: over {Options.MaxStreamBacklog} bytes are waiting."));
        }

        return (header.Flags & FrameFlags.RemoteClosed) != 0 ? inbox.End() ?? work : work;
    }

    private static ServerCall? Reject(StatusCode code, string text, out Status error)
    {
        error = new Status(code, text);
        return null;
    }

    private async Task CloseWhenFlushedAsync()
    {
        await FlushAsync().ConfigureAwait(false);
        Close(null);
    }
}
