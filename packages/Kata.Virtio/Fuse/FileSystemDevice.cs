using System.Buffers.Binary;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Fuse;

/// <summary>
/// The virtio file system device (virtio 1.2, 5.11): moves requests between the guest's queues and the <see cref="FuseServer"/>.
/// </summary>
internal sealed class FileSystemDevice : IQueueDevice, IQueueWorker
{
    public const int TagBytes = 36;

    /// <summary>Queue 0, for what must not wait behind requests; the request queues follow.</summary>
    private const int HighPriorityQueue = 0;

    /// <summary>Requests of one queue per round: the others get their turn after that.</summary>
    private const int Budget = 16;

    private readonly FuseServer _server;
    private readonly ILogger _logger;
    private readonly string _tag;
    private readonly byte[] _configuration = new byte[TagBytes + 4];
    private readonly SplitQueue?[] _queues;
    private readonly bool[] _pending;
    private readonly BufferList _buffers = new();
    private bool _isBroken;
    private LogGate _brokenGate;

    public FileSystemDevice(FuseServer server, ReadOnlySpan<byte> tag, VirtioFileSystemOptions options)
    {
        _server = server;
        _logger = options.Logger;
        _tag = options.Tag;
        MaxQueueSize = (ushort)options.QueueSize;
        QueueCount = 1 + options.RequestQueues;
        _queues = new SplitQueue?[QueueCount];
        _pending = new bool[QueueCount];
        tag.CopyTo(_configuration);
        BinaryPrimitives.WriteInt32LittleEndian(_configuration.AsSpan(TagBytes), options.RequestQueues);
        Workers = [this];
    }

    public uint DeviceType => Devices.DeviceType.FileSystem;

    public ulong Features => VirtioFeatures.Version1 | VirtioFeatures.EventIndex | VirtioFeatures.IndirectDescriptors;

    public int QueueCount { get; }

    public ushort MaxQueueSize { get; }

    public IVirtioTransport? Transport { get; set; }

    public IReadOnlyList<IQueueWorker> Workers { get; }

    public long Deadline => long.MaxValue;

    public int WorkerOf(int queue) => 0;

    public void OnDeadline(long now)
    {
        // Nothing has a time limit.
    }

    public void OnIdle()
    {
        // Nothing is kept for the next request.
    }

    public void ReadConfiguration(uint offset, Span<byte> destination)
    {
        destination.Clear();
        if (offset < _configuration.Length)
            _configuration.AsSpan((int)offset, Math.Min(_configuration.Length - (int)offset, destination.Length)).CopyTo(destination);
    }

    public void StartQueue(int index, SplitQueue queue)
    {
        _server.EnterThread();
        if (_isBroken)
            Reset();
        _queues[index] = queue;
        _pending[index] = true;
    }

    public void StopQueue(int index)
    {
        _queues[index] = null;
        _pending[index] = false;
    }

    public void NotifyQueue(int index) => _pending[index] = _queues[index] is not null;

    public void Reset()
    {
        _isBroken = false;
        _server.Reset();
    }

    /// <summary>Answers what the queues have, within a budget. True when there is more to do at once.</summary>
    public bool Continue()
    {
        var unfinished = false;
        for (var i = HighPriorityQueue; i < _queues.Length && !_isBroken; i++)
        {
            if (_pending[i] && _queues[i] is { } queue)
                unfinished |= _pending[i] = Serve(queue, i);
        }

        return unfinished && !_isBroken;
    }

    /// <summary>True when the budget ended before the queue.</summary>
    private bool Serve(SplitQueue queue, int index)
    {
        queue.DisableNotifications();
        for (var i = 0; i < Budget; i++)
        {
            _buffers.Truncate(0);
            switch (queue.TryPop(_buffers, out var chain))
            {
                case PopResult.Chain:
                    // At once: the disk may make the next one wait.
                    queue.PushUsed(chain.Head, _server.Handle(_buffers, chain));
                    queue.Publish();
                    break;
                case PopResult.Empty when queue.EnableNotifications():
                    queue.DisableNotifications();
                    break;
                case PopResult.Empty:
                    return false;
                default:
                    Break(index, queue.Error.ToString());
                    return false;
            }
        }

        return true;
    }

    private void Break(int queue, string reason)
    {
        _isBroken = true;
        if (_brokenGate.TryPass(out var suppressed))
            FileSystemLog.DeviceBroken(_logger, _tag, queue, reason, suppressed);
        _server.Reset();
        Transport?.DeviceNeedsReset();
    }
}
