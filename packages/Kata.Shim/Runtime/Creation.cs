namespace Kata.Shim.Runtime;

/// <summary>A container on its way: deleting it before it is there abandons the attempt.</summary>
internal sealed class Creation(CancellationToken request) : IDisposable
{
    private readonly CancellationTokenSource _source = CancellationTokenSource.CreateLinkedTokenSource(request);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal CancellationToken Token => _source.Token;

    internal void Complete() => _over.TrySetResult();

    internal async Task AbandonAsync()
    {
        try
        {
            await _source.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It is over.
        }

        await _over.Task;
    }

    public void Dispose() => _source.Dispose();
}
