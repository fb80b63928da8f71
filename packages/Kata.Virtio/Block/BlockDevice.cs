using System.Numerics;
using System.Runtime.InteropServices;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Block;

/// <summary>The block device (virtio 1.2, 5.2): one worker for each queue, all of one <see cref="DiskImage"/>.</summary>
internal sealed class BlockDevice : IQueueDevice, IDisposable
{
    private readonly DiskImage _image;
    private readonly ILogger _logger;
    private readonly BlockWorker[] _workers;
    private ulong _negotiated;
    private long _capacity;
    private volatile bool _writeBackWanted = true;

    /// <param name="serial">At most 20 bytes.</param>
    /// <param name="threads">One for each queue.</param>
    public BlockDevice(DiskImage image, ReadOnlySpan<byte> serial, IReadOnlyList<DeviceThread> threads, ILogger logger)
    {
        (_image, QueueCount, _logger) = (image, threads.Count, logger);
        _capacity = image.ReadSize() / BlockLimits.SectorBytes;
        Serial = new byte[BlockWorker.SerialBytes];
        serial.CopyTo(Serial);
        _workers = [.. threads.Select((thread, index) => new BlockWorker(this, image, index, thread.Loop, logger))];
        Features = VirtioFeatures.Version1 | VirtioFeatures.EventIndex | VirtioFeatures.IndirectDescriptors
            | BlockFeatures.SegmentsMax | BlockFeatures.BlockSize | BlockFeatures.Topology | BlockFeatures.Flush
            | (image.IsReadOnly ? BlockFeatures.ReadOnly : BlockFeatures.ConfigurableCache | BlockFeatures.WriteZeroes)
            | (image.CanDiscard ? BlockFeatures.Discard : 0)
            | (QueueCount > 1 ? BlockFeatures.MultiQueue : 0);
    }

    public uint DeviceType => Devices.DeviceType.Block;

    public ulong Features { get; }

    public int QueueCount { get; }

    public ushort MaxQueueSize => BlockLimits.QueueSize;

    public IVirtioTransport? Transport { get; set; }

    public IReadOnlyList<IQueueWorker> Workers => _workers;

    /// <summary>What GET_ID answers, padded with zeros.</summary>
    public byte[] Serial { get; }

    /// <summary>In sectors.</summary>
    public ulong Capacity => (ulong)Volatile.Read(ref _capacity);

    /// <summary>Writes may stay in the host's cache until the driver flushes; otherwise they are durable when they are done.</summary>
    public bool IsWriteBack =>
        (_negotiated & BlockFeatures.ConfigurableCache) != 0 ? _writeBackWanted : (_negotiated & BlockFeatures.Flush) != 0;

    public int WorkerOf(int queue) => queue;

    public void SetFeatures(ulong features) => _negotiated = features;

    public void ReadConfiguration(uint offset, Span<byte> destination)
    {
        var (logical, physical) = (_image.LogicalBlockSize, _image.PhysicalBlockSize);
        var configuration = new BlockConfiguration
        {
            Capacity = Capacity,
            SegmentsMax = BlockLimits.MaxSegments,
            BlockSize = (uint)logical,
            PhysicalBlockExponent = (byte)BitOperations.Log2((uint)Math.Max(physical / logical, 1)),
            MinIoSize = (ushort)Math.Max(physical / logical, 1),
            WriteBack = _writeBackWanted ? (byte)1 : (byte)0,
            QueueCount = (ushort)QueueCount,
            MaxDiscardSectors = BlockLimits.MaxDiscardSectors,
            MaxDiscardSegments = BlockLimits.MaxDiscardRanges,
            DiscardAlignmentSectors = (uint)(physical / BlockLimits.SectorBytes),
            MaxWriteZeroesSectors = BlockLimits.MaxWriteZeroesSectors,
            MaxWriteZeroesSegments = BlockLimits.MaxWriteZeroesRanges,
            WriteZeroesMayUnmap = _image.CanDiscard ? (byte)1 : (byte)0,
        };
        destination.Clear();
        var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<BlockConfiguration>(in configuration));
        if (offset < bytes.Length)
            bytes[(int)offset..Math.Min(bytes.Length, (int)offset + destination.Length)].CopyTo(destination);
    }

    public void WriteConfiguration(uint offset, ReadOnlySpan<byte> source)
    {
        if (offset == BlockConfiguration.WriteBackOffset && source.Length == 1)
            _writeBackWanted = source[0] != 0;
    }

    public void Reset()
    {
        _negotiated = 0;
        _writeBackWanted = true;
    }

    /// <summary>Tells the driver how large the disk is, in bytes, if that has changed.</summary>
    public void Resize(long size)
    {
        if (Interlocked.Exchange(ref _capacity, size / BlockLimits.SectorBytes) == size / BlockLimits.SectorBytes)
            return;
        BlockLog.Resized(_logger, _image.Path, size);
        Transport?.ConfigurationChanged();
    }

    public void Dispose()
    {
        foreach (var worker in _workers)
            worker.Dispose();
        _image.Dispose();
    }
}
