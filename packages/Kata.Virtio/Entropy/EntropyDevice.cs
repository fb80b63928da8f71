using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Entropy;

/// <summary>The entropy device (virtio 1.2, 5.4): fills what the driver offers with random bytes.</summary>
internal sealed class EntropyDevice : IQueueDevice, IQueueWorker
{
    /// <summary>
    /// Bytes of one request; the driver asks again when it wants more. Bounds how long a huge buffer keeps the host busy.
    /// </summary>
    public const int MaxRequestBytes = 4096;

    /// <summary>Requests before the transport gets its turn.</summary>
    private const int Budget = 32;

    private readonly ILogger _logger;
    private readonly BufferList _buffers = new();
    private SplitQueue? _queue;
    private bool _pending;
    private LogGate _brokenGate;

    public EntropyDevice(ILogger logger)
    {
        _logger = logger;
        Workers = [this];
    }

    public uint DeviceType => Devices.DeviceType.Entropy;

    public ulong Features => VirtioFeatures.Version1 | VirtioFeatures.EventIndex | VirtioFeatures.IndirectDescriptors;

    public int QueueCount => 1;

    public ushort MaxQueueSize => 64;

    public IVirtioTransport? Transport { get; set; }

    public IReadOnlyList<IQueueWorker> Workers { get; }

    public long Deadline => long.MaxValue;

    public int WorkerOf(int queue) => 0;

    public void ReadConfiguration(uint offset, Span<byte> destination) => destination.Clear();

    public void StartQueue(int index, SplitQueue queue) => (_queue, _pending) = (queue, true);

    public void StopQueue(int index) => _queue = null;

    public void NotifyQueue(int index) => _pending = true;

    public void Reset()
    {
        // Nothing outlives a queue.
    }

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

    /// <summary>True when the budget ended before the queue.</summary>
    private bool Serve(SplitQueue queue)
    {
        queue.DisableNotifications();
        for (var i = 0; i < Budget; i++)
        {
            _buffers.Truncate(0);
            switch (queue.TryPop(_buffers, out var chain))
            {
                case PopResult.Chain:
                    queue.PushUsed(chain.Head, Fill(chain));
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
                        DeviceLog.QueueBroken(_logger, DeviceType, 0, queue.Error, suppressed);
                    Transport?.DeviceNeedsReset();
                    return false;
            }
        }

        queue.Publish();
        return true;
    }

    private uint Fill(in DescriptorChain chain)
    {
        var filled = 0L;
        foreach (var buffer in _buffers.Slice(chain.WritableStart, chain.WritableCount))
        {
            var part = Math.Min(buffer.Length, MaxRequestBytes - filled);
            RandomSource.Fill(new NativeBuffer(buffer.Address, (nint)part));
            filled += part;
        }

        return (uint)filled;
    }
}
