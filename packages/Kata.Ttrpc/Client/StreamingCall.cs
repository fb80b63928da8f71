using Grpc.Core;
using Kata.Ttrpc.Transport;
using Kata.Ttrpc.Wire;

namespace Kata.Ttrpc.Client;

/// <summary>A call whose client or server side, or both, is a stream.</summary>
/// <param name="isServerStreaming">The server answers with data frames instead of one response.</param>
internal sealed class StreamingCall(ClientConnection connection, string name, bool isServerStreaming, int maxBacklog)
    : ClientCall(connection, name)
{
    /// <summary>Messages from the server; for a client stream the one response.</summary>
    public MessageQueue Inbox { get; } = new(maxBacklog);

    public override IThreadPoolWorkItem? OnResponse(ReadOnlyMemory<byte> data)
    {
        if (!ResponseEnvelope.TryRead(data, out var response))
            return Fail(new Status(StatusCode.Internal, "The peer sent a response that cannot be decoded."));
        var status = StatusCodec.Decode(response.Status, out var trailers);
        if (status.StatusCode != StatusCode.OK)
            return Fail(status, trailers);
        if (isServerStreaming)
            return Succeed();
        if (!TryComplete(Status.DefaultSuccess, null))
            return null;
        Inbox.TryAdd(response.Payload.Span, out var work);
        Inbox.End();
        return work;
    }

    public override IThreadPoolWorkItem? OnData(FrameFlags flags, ReadOnlyMemory<byte> data)
    {
        if (!isServerStreaming)
            return Fail(new Status(StatusCode.Internal, $"The peer sent stream data to {Name}, which has one response."));
        IThreadPoolWorkItem? work = null;
        if ((flags & FrameFlags.NoData) == 0 && !Inbox.TryAdd(data.Span, out work))
        {
            return Fail(new Status(
                StatusCode.ResourceExhausted, $"The messages of {Name} arrive faster than they are read: over {maxBacklog} bytes are waiting."));
        }

        return (flags & FrameFlags.RemoteClosed) == 0 ? work : Succeed() ?? work;
    }

    public override IThreadPoolWorkItem? Fail(Status status, Metadata? trailers = null) =>
        TryComplete(status, trailers) ? Inbox.End(new RpcException(status, Trailers)) : null;

    /// <summary>Sends one message; completes when there is room for the next.</summary>
    public Task WriteAsync<T>(Marshaller<T> marshaller, T message)
    {
        ThrowIfCompleted();
        var writer = FrameWriter.Rent();
        try
        {
            writer.BeginData();
            writer.WriteMessage(marshaller, message);
            writer.Finish(Id, FrameType.Data);
            return SendAsync(writer);
        }
        finally
        {
            writer.Return();
        }
    }

    /// <summary>Tells the server that no more messages come.</summary>
    public Task CloseSendAsync()
    {
        if (IsCompleted)
            return Task.CompletedTask;
        var writer = FrameWriter.Rent();
        try
        {
            writer.BeginData();
            writer.Finish(Id, FrameType.Data, FrameFlags.RemoteClosed | FrameFlags.NoData);
            return SendAsync(writer);
        }
        finally
        {
            writer.Return();
        }
    }

    /// <summary>Reads the only response of a client stream.</summary>
    public async Task<T> ReadResponseAsync<T>(Marshaller<T> marshaller)
        where T : class
    {
        var reader = new MessageStreamReader<T>(Inbox, marshaller);
        await reader.MoveNext(CancellationToken.None).ConfigureAwait(false);
        return reader.Current;
    }

    private Task SendAsync(FrameWriter writer)
    {
        if (Connection.Send(writer.Frame))
            return Connection.FlushAsync();
        FailFromOutside(Connection.ClosedStatus);
        return Task.FromException(new RpcException(Connection.ClosedStatus));
    }

    private IThreadPoolWorkItem? Succeed() => TryComplete(Status.DefaultSuccess, null) ? Inbox.End() : null;

    private void ThrowIfCompleted()
    {
        if (!IsCompleted)
            return;
        throw Status.StatusCode == StatusCode.OK
            ? new InvalidOperationException("The server has finished the call; nothing more can be written.")
            : new RpcException(Status, Trailers);
    }
}
