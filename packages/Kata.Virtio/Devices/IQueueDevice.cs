namespace Kata.Virtio.Devices;

/// <summary>A device that serves its queues on threads of its own, each of which runs one worker.</summary>
internal interface IQueueDevice : IVirtioDevice
{
    /// <summary>At least one. The first is the device's own: what does not concern a queue comes on its thread.</summary>
    IReadOnlyList<IQueueWorker> Workers { get; }

    /// <summary>The index of the worker that serves a queue.</summary>
    int WorkerOf(int queue);
}
