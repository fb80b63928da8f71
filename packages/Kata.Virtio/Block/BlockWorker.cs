using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Block;

/// <summary>
/// Serves one queue of a disk: data goes straight between guest memory and the image. A request is read and written as bytes, wherever the
/// driver split them into descriptors. What the page cache has is moved at once; what has to wait for the disk goes on in the background.
/// </summary>
internal sealed partial class BlockWorker : IQueueWorker, IEventHandler, IDisposable
{
    /// <summary>VIRTIO_BLK_ID_BYTES.</summary>
    public const int SerialBytes = 20;

    private readonly BlockDevice _device;
    private readonly DiskImage _image;
    private readonly int _index;
    private readonly ILogger _logger;
    private readonly BackgroundRequests? _background = BackgroundRequests.TryCreate();
    private readonly BufferList _chain = new();

    /// <summary>Where the status goes, then where the data is.</summary>
    private readonly BufferList _data = new();
    private readonly BufferList _rest = new();
    private SplitQueue? _queue;
    private bool _pending;
    private bool _ended;
    private bool _cacheTells = true;
    private LogGate _brokenGate;
    private LogGate _malformedGate;
    private LogGate _failedGate;

    /// <param name="index">Of the queue.</param>
    public BlockWorker(BlockDevice device, DiskImage image, int index, EventLoop loop, ILogger logger)
    {
        (_device, _image, _index, _logger) = (device, image, index, logger);
        if (_background is not null)
            loop.Add(_background.Descriptor, EpollEvents.Readable | EpollEvents.EdgeTriggered, this);
    }

    public long Deadline => long.MaxValue;

    public void StartQueue(int index, SplitQueue queue) => (_queue, _pending) = (queue, true);

    public void StopQueue(int index)
    {
        FinishRequests(index);
        _queue = null;
    }

    public void FinishRequests(int index)
    {
        if (_queue is null || _background is null)
            return;
        while (_background.Count > 0)
        {
            _background.Wait();
            Complete(_queue);
        }

        _queue.Publish();
    }

    public void NotifyQueue(int index) => _pending = true;

    /// <summary>Something in the background has ended.</summary>
    public void OnEvents(EpollEvents events, int token) => _ended = true;

    public bool Continue()
    {
        if (_queue is null)
            return false;
        if (_ended)
        {
            _ended = false;
            Complete(_queue);
            _queue.Publish();
        }

        if (_pending)
            _pending = Serve(_queue);
        return _pending;
    }

    public void OnDeadline(long now)
    {
        // There is none.
    }

    public void OnIdle()
    {
        // Nothing to give back.
    }

    public void Dispose() => _background?.Dispose();

    /// <summary>True when the batch ended before the queue.</summary>
    private bool Serve(SplitQueue queue)
    {
        queue.DisableNotifications();
        var more = Take(queue);
        if (_background is not null)
        {
            _background.Submit();
            Complete(queue);
        }

        queue.Publish();
        return more;
    }

    private bool Take(SplitQueue queue)
    {
        var bytes = 0L;
        for (var i = 0; i < BlockLimits.BatchRequests && bytes < BlockLimits.BatchBytes; i++)
        {
            _chain.Truncate(0);
            switch (queue.TryPop(_chain, out var chain))
            {
                case PopResult.Chain:
                    if (Handle(chain) is { } written)
                        queue.PushUsed(chain.Head, written);
                    bytes += chain.ReadableBytes + chain.WritableBytes;
                    break;
                case PopResult.Empty:
                    if (!queue.EnableNotifications())
                        return false;
                    queue.DisableNotifications();
                    break;
                default:
                    if (_brokenGate.TryPass(out var suppressed))
                        DeviceLog.QueueBroken(_logger, _device.DeviceType, _index, queue.Error, suppressed);
                    _device.Transport?.DeviceNeedsReset();
                    return false;
            }
        }

        return true;
    }
}
