using Kata.Virtio.Devices;
using Kata.Virtio.Events;

namespace Kata.Virtio;

/// <summary>
/// A virtio device with its threads, to be put behind one transport, which starts them. Dispose the
/// transport first.
/// </summary>
public abstract class VirtioDevice : IAsyncDisposable
{
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isReleased;

    private protected VirtioDevice(IVirtioDevice model, IReadOnlyList<DeviceThread> threads)
    {
        (Model, Threads) = (model, threads);
        Completed = CompleteAsync();
    }

    /// <summary>
    /// Ends when the device has. Faults as soon as one of its threads, or the process that it delegates to, failed: a defect or the host's
    /// lack of resources, never the guest's doing.
    /// </summary>
    public Task Completed { get; }

    internal IVirtioDevice Model { get; }

    /// <summary>
    /// One for each worker of an <see cref="IQueueDevice"/>; one for what an <see cref="IDelegatedDevice"/> has to do itself.
    /// </summary>
    internal IReadOnlyList<DeviceThread> Threads { get; }

    /// <summary>Ends the threads and closes what the device holds of the host.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var thread in Threads)
            await thread.DisposeAsync().ConfigureAwait(false);
        if (!Interlocked.Exchange(ref _isReleased, true))
            Release();
        GC.SuppressFinalize(this);
    }

    /// <summary>Reports that the device cannot go on, while its threads still answer the transport. From any thread.</summary>
    private protected void Fail(Exception reason) => _failed.TrySetException(reason);

    /// <summary>Closes what the device holds of the host. Once, when the threads have ended.</summary>
    private protected abstract void Release();

    private async Task CompleteAsync() =>
        await (await Task.WhenAny(_failed.Task, ThreadsAsync()).ConfigureAwait(false)).ConfigureAwait(false);

    private async Task ThreadsAsync()
    {
        await foreach (var ended in Task.WhenEach(Threads.Select(thread => thread.Completed)).ConfigureAwait(false))
            await ended.ConfigureAwait(false);
    }
}
