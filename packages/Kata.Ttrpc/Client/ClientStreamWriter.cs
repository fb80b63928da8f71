using Grpc.Core;

namespace Kata.Ttrpc.Client;

/// <summary>The application's sending side of a <see cref="StreamingCall"/>.</summary>
internal sealed class ClientStreamWriter<T>(StreamingCall call, Marshaller<T> marshaller) : IClientStreamWriter<T>
{
    private bool _isCompleted;

    /// <summary>Kept for the interface; ttrpc has no compression or buffer hints.</summary>
    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (_isCompleted)
            throw new InvalidOperationException("The request stream was completed before.");
        cancellationToken.ThrowIfCancellationRequested();
        return call.WriteAsync(marshaller, message).WaitAsync(cancellationToken);
    }

    public Task CompleteAsync()
    {
        if (_isCompleted)
            return Task.CompletedTask;
        _isCompleted = true;
        return call.CloseSendAsync();
    }
}
