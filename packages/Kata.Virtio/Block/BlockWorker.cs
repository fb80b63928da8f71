using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Block;

/// <summary>
/// Serves one queue of a disk: data goes straight between guest memory and the image. A request is read and written as bytes, wherever the
/// driver split them into descriptors.
/// </summary>
internal sealed partial class BlockWorker(BlockDevice device, DiskImage image, int index, ILogger logger) : IQueueWorker
{
    /// <summary>VIRTIO_BLK_ID_BYTES.</summary>
    public const int SerialBytes = 20;

    private readonly BufferList _chain = new();

    /// <summary>Where the status goes, then where the data is.</summary>
    private readonly BufferList _data = new();
    private readonly BufferList _rest = new();
    private SplitQueue? _queue;
    private bool _pending;
    private LogGate _brokenGate;
    private LogGate _malformedGate;
    private LogGate _failedGate;

    public long Deadline => long.MaxValue;

    public void StartQueue(int queueIndex, SplitQueue queue) => (_queue, _pending) = (queue, true);

    public void StopQueue(int queueIndex) => _queue = null;

    public void NotifyQueue(int queueIndex) => _pending = true;

    public bool Continue()
    {
        if (_pending && _queue is not null)
            _pending = Serve(_queue);
        return _pending && _queue is not null;
    }

    public void OnDeadline(long now)
    {
        // There is none.
    }

    public void OnIdle()
    {
        // Nothing to give back.
    }

    /// <summary>True when the batch ended before the queue.</summary>
    private bool Serve(SplitQueue queue)
    {
        queue.DisableNotifications();
        var bytes = 0L;
        for (var i = 0; i < BlockLimits.BatchRequests && bytes < BlockLimits.BatchBytes; i++)
        {
            _chain.Truncate(0);
            switch (queue.TryPop(_chain, out var chain))
            {
                case PopResult.Chain:
                    queue.PushUsed(chain.Head, Handle(chain));
                    bytes += chain.ReadableBytes + chain.WritableBytes;
                    break;
                case PopResult.Empty:
                    if (queue.EnableNotifications())
                    {
                        queue.DisableNotifications();
                        break;
                    }

                    queue.Publish();
                    return false;
                default:
                    if (_brokenGate.TryPass(out var suppressed))
                        DeviceLog.QueueBroken(logger, device.DeviceType, index, queue.Error, suppressed);
                    device.Transport?.DeviceNeedsReset();
                    return false;
            }
        }

        queue.Publish();
        return true;
    }
}
