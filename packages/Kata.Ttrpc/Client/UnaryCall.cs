using Grpc.Core;
using Kata.Ttrpc.Wire;

namespace Kata.Ttrpc.Client;

/// <summary>A call with one request and one response.</summary>
internal sealed class UnaryCall<TResponse>(ClientConnection connection, string name, Marshaller<TResponse> marshaller)
    : ClientCall(connection, name), IThreadPoolWorkItem
    where TResponse : class
{
    private readonly TaskCompletionSource<TResponse> _completion = new();
    private TResponse? _response;

    public Task<TResponse> Task => _completion.Task;

    public override IThreadPoolWorkItem? OnResponse(ReadOnlyMemory<byte> data)
    {
        if (!ResponseEnvelope.TryRead(data, out var response))
            return Fail(new Status(StatusCode.Internal, "The peer sent a response that cannot be decoded."));
        if (!response.Status.IsEmpty)
        {
            var status = StatusCodec.Decode(response.Status, out var trailers);
            if (status.StatusCode != StatusCode.OK)
                return Fail(status, trailers);
        }

        try
        {
            _response = PayloadReader.Parse(marshaller, response.Payload);
        }
        catch (Exception e)
        {
            return Fail(new Status(StatusCode.Internal, $"The response of {Name} cannot be decoded: {e.Message}", e));
        }

        return TryComplete(Status.DefaultSuccess, null) ? this : null;
    }

    public override IThreadPoolWorkItem? OnData(FrameFlags flags, ReadOnlyMemory<byte> data) =>
        Fail(new Status(StatusCode.Internal, $"The peer sent stream data to {Name}, which is not a stream."));

    public override IThreadPoolWorkItem? Fail(Status status, Metadata? trailers = null) => TryComplete(status, trailers) ? this : null;

    public void Execute()
    {
        // TryComplete has come first, so status and response are final.
        if (Status.StatusCode == StatusCode.OK)
            _completion.TrySetResult(_response!);
        else
            _completion.TrySetException(new RpcException(Status, Trailers));
    }
}
