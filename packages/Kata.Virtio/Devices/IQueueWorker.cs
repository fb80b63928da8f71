using Kata.Virtio.Events;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Devices;

/// <summary>Serves some queues of a device. All calls come on one thread, that of its event loop.</summary>
internal interface IQueueWorker : IEventLoopClient
{
    /// <summary>The driver has set up a queue: the device may use it until <see cref="StopQueue"/> returns.</summary>
    void StartQueue(int index, SplitQueue queue);

    /// <summary>The queue is going away. Its position stays in the queue, so that a paused machine resumes where it was.</summary>
    void StopQueue(int index);

    /// <summary>Guest memory is about to change: what the device has begun with it ends here. The queue goes on.</summary>
    void FinishRequests(int index)
    {
        // Most devices have done with a request when they let go of the thread.
    }

    /// <summary>The driver made buffers available.</summary>
    void NotifyQueue(int index);
}
