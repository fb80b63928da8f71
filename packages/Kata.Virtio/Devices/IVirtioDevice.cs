using Kata.Virtio.Queues;

namespace Kata.Virtio.Devices;

/// <summary>
/// A virtio device without its transport. The transport negotiates features, sets up the queues and forwards notifications;
/// all calls come on the device's event-loop thread.
/// </summary>
internal interface IVirtioDevice
{
    /// <summary>Feature bits the device offers, those of the queues included.</summary>
    ulong Features { get; }

    int QueueCount { get; }

    /// <summary>Entries of the largest queue the device takes.</summary>
    ushort MaxQueueSize { get; }

    /// <summary>Set once, before the first queue starts.</summary>
    IVirtioTransport? Transport { get; set; }

    /// <summary>Copies configuration space; bytes beyond its end read as zero.</summary>
    void ReadConfiguration(uint offset, Span<byte> destination);

    /// <summary>The driver has set up a queue: the device may use it until <see cref="StopQueue"/> returns.</summary>
    void StartQueue(int index, SplitQueue queue);

    /// <summary>The queue is going away. Its position stays in the queue, so that a paused machine resumes where it was.</summary>
    void StopQueue(int index);

    /// <summary>The driver made buffers available.</summary>
    void NotifyQueue(int index);

    /// <summary>Back to the state before any driver; all queues are stopped.</summary>
    void Reset();
}
