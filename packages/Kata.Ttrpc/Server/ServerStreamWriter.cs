using Grpc.Core;

namespace Kata.Ttrpc.Server;

/// <summary>The handler's sending side of a stream.</summary>
internal sealed class ServerStreamWriter<T>(ServerCall call, Marshaller<T> marshaller) : IServerStreamWriter<T>
{
    /// <summary>Kept for the interface; ttrpc has no compression or buffer hints.</summary>
    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => call.WriteAsync(marshaller, message);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return call.WriteAsync(marshaller, message).WaitAsync(cancellationToken);
    }
}
