using Grpc.Core;
using Kata.Ttrpc.Wire;

namespace Kata.Ttrpc.Transport;

/// <summary>The application's view of a <see cref="MessageQueue"/>.</summary>
internal sealed class MessageStreamReader<T>(MessageQueue queue, Marshaller<T> marshaller) : IAsyncStreamReader<T>
    where T : class
{
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("Call MoveNext first.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        var message = await queue.ReadAsync(cancellationToken).ConfigureAwait(false);
        _current = message is null ? null : Parse(message);
        return message is not null;
    }

    private T Parse(byte[] message)
    {
        try
        {
            return PayloadReader.Parse(marshaller, message);
        }
        catch (Exception e)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"ttrpc: error unmarshalling payload: {e.Message}", e));
        }
    }
}
