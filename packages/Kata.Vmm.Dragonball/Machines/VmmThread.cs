using System.Collections.Concurrent;
using Kata.Linux;

namespace Kata.Vmm.Dragonball.Machines;

/// <summary>
/// The thread that makes a machine and its other threads, which inherit its network namespace: namespaces belong to threads, and that of
/// the caller may be another one. Work is done in turn; it may block.
/// </summary>
internal sealed class VmmThread : IAsyncDisposable
{
    private const int StackBytes = 512 * 1024;

    private readonly BlockingCollection<Action> _work = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <exception cref="LinuxException">There can be no further thread.</exception>
    public VmmThread() => BackgroundThread.Start("vmm", StackBytes, Run);

    /// <summary>Enters a network namespace, for good.</summary>
    public Task EnterNetworkNamespaceAsync(string path) => InvokeAsync(() => Namespaces.Enter(path, NamespaceKinds.Network));

    /// <summary>Runs something on the thread. Faults with what it throws.</summary>
    public Task InvokeAsync(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                action();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>Ends the thread once its work is done.</summary>
    public async ValueTask DisposeAsync()
    {
        _work.CompleteAdding();
        await _ended.Task.ConfigureAwait(false);
        _work.Dispose();
    }

    private void Run()
    {
        foreach (var action in _work.GetConsumingEnumerable())
            action();
        _ended.SetResult();
    }
}
