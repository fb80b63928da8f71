using Kata.Virtio.Devices;
using Kata.Virtio.Events;

namespace Kata.Virtio;

/// <summary>
/// A virtio device with its threads, to be put behind one transport, which starts them. Dispose the
/// transport first.
/// </summary>
public abstract class VirtioDevice : IAsyncDisposable
{
    private protected VirtioDevice(IVirtioDevice model, IReadOnlyList<DeviceThread> threads) => (Model, Threads) = (model, threads);

    /// <summary>
    /// Ends when the device has. Faults when one of its threads failed, which is a defect or the host's lack of resources, never the
    /// guest's doing.
    /// </summary>
    public Task Completed => Task.WhenAll(Threads.Select(thread => thread.Completed));

    internal IVirtioDevice Model { get; }

    /// <summary>One for each worker of an <see cref="IQueueDevice"/>; one for what an <see cref="IDelegatedDevice"/> has to do itself.</summary>
    internal IReadOnlyList<DeviceThread> Threads { get; }

    /// <summary>Ends the threads and closes what the device holds of the host.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var thread in Threads)
            await thread.DisposeAsync().ConfigureAwait(false);
        Release();
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes what the device holds of the host. The threads have ended.</summary>
    private protected abstract void Release();
}
