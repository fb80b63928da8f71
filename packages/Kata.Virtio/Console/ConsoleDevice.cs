using System.Buffers.Binary;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Console;

/// <summary>The virtio console device (virtio 1.2, 5.3) with one port: hvc0 of Linux.</summary>
internal sealed partial class ConsoleDevice : IQueueDevice, IQueueWorker, IDisposable
{
    private const int ReceiveQueue = 0;
    private const int TransmitQueue = 1;
    private const int ConfigurationBytes = 12;
    private const uint EmergencyWriteOffset = 8;

    /// <summary>VIRTIO_CONSOLE_F_SIZE, VIRTIO_CONSOLE_F_EMERG_WRITE.</summary>
    private const ulong SizeFeature = 1, EmergencyWriteFeature = 1 << 2;

    private readonly VirtioConsoleOptions _options;
    private readonly EventLoop _loop;
    private readonly Action _inputArrived;
    private readonly BufferList _buffers = new();
    private readonly byte[] _piece = new byte[PieceBytes];
    private uint _size;
    private bool _isBroken;
    private LogGate _brokenGate;

    public ConsoleDevice(VirtioConsoleOptions options, EventLoop loop)
    {
        (_options, _loop, _size) = (options, loop, options.Columns | ((uint)options.Rows << 16));
        _inputArrived = OnInput;
        Workers = [this];
    }

    public uint DeviceType => Devices.DeviceType.Console;

    public ulong Features => VirtioFeatures.Version1 | VirtioFeatures.EventIndex | VirtioFeatures.IndirectDescriptors
        | SizeFeature | EmergencyWriteFeature;

    public int QueueCount => 2;

    public ushort MaxQueueSize => 64;

    public IVirtioTransport? Transport { get; set; }

    public IReadOnlyList<IQueueWorker> Workers { get; }

    public int WorkerOf(int queue) => 0;

    public Task WriteAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken) =>
        _input.WriteAsync(input, PostInput, cancellationToken);

    /// <summary>The terminal has another size now. From any thread.</summary>
    public void Resize(ushort columns, ushort rows)
    {
        Volatile.Write(ref _size, columns | ((uint)rows << 16));
        _loop.Post(() => Transport?.ConfigurationChanged());
    }

    public void ReadConfiguration(uint offset, Span<byte> destination)
    {
        Span<byte> configuration = stackalloc byte[ConfigurationBytes];
        configuration.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(configuration, Volatile.Read(ref _size));
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[4..], 1);
        destination.Clear();
        if (offset < ConfigurationBytes)
            configuration[(int)offset..Math.Min(ConfigurationBytes, (int)offset + destination.Length)].CopyTo(destination);
    }

    /// <summary>A guest whose driver is not up, or not any more, says one character.</summary>
    public void WriteConfiguration(uint offset, ReadOnlySpan<byte> source)
    {
        if (offset == EmergencyWriteOffset && !source.IsEmpty)
            _ = _options.Output(source[..1]);
    }

    public void StartQueue(int index, SplitQueue queue)
    {
        _isBroken = false;
        queue.DisableNotifications();
        if (index == ReceiveQueue)
        {
            _receive = queue;
            (_receiveStarved, _hasInput) = (false, true);
        }
        else if (index == TransmitQueue)
        {
            _transmit = queue;
            _transmitPending = true;
        }
    }

    public void StopQueue(int index)
    {
        if (index == ReceiveQueue)
            _receive = null;
        else if (index == TransmitQueue)
            _transmit = null;
    }

    public void NotifyQueue(int index)
    {
        if (index == ReceiveQueue)
            _receiveStarved = false;
        else if (index == TransmitQueue)
            _transmitPending = true;
    }

    public void Reset()
    {
        _taken = 0;
        SetWaiting(false);
    }

    public bool Continue()
    {
        if (CanTransmit && _transmit is { } transmit)
            _transmitPending = Transmit(transmit);
        if (CanReceive && _receive is { } receive)
            Receive(receive);
        return CanTransmit || CanReceive;
    }

    public void OnIdle()
    {
        // An idle console holds nothing that could be given back.
    }

    public void Dispose() => _input.Dispose();

    private void Break(string queue, string reason)
    {
        _isBroken = true;
        if (_brokenGate.TryPass(out var suppressed))
            ConsoleLog.DeviceBroken(_options.Logger, queue, reason, suppressed);
        Transport?.DeviceNeedsReset();
    }
}
