using Grpc.Core;
using Kata.Ttrpc.Transport;
using Kata.Ttrpc.Wire;

namespace Kata.Ttrpc.Server;

/// <summary>A method of any kind; <paramref name="invoke"/> knows which.</summary>
internal sealed class ServerMethod<TRequest, TResponse>(
    Method<TRequest, TResponse> method, Func<ServerMethod<TRequest, TResponse>, ServerCall, Task> invoke) : ServerMethod(method)
    where TRequest : class
    where TResponse : class
{
    public override object? ParseRequest(ReadOnlyMemory<byte> payload) =>
        IsClientStreaming ? null : PayloadReader.Parse(method.RequestMarshaller, payload);

    public override Task InvokeAsync(ServerCall call) => invoke(this, call);

    public override void WriteResponse(FrameWriter writer, object response) =>
        writer.WriteMessage(method.ResponseMarshaller, (TResponse)response);

    public IAsyncStreamReader<TRequest> Reader(ServerCall call) => new MessageStreamReader<TRequest>(call.Inbox!, method.RequestMarshaller);

    public IServerStreamWriter<TResponse> Writer(ServerCall call) => new ServerStreamWriter<TResponse>(call, method.ResponseMarshaller);
}
