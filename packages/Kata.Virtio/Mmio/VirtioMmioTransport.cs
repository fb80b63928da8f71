using System.Buffers.Binary;
using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Mmio;

/// <summary>
/// Carries one device over memory-mapped registers (virtio-mmio version 2, virtio 1.2, 4.2). The VMM forwards the guest's accesses to
/// <see cref="Read"/> and <see cref="Write"/>, from several threads at once if need be; notifications need not come that way, because the
/// kernel can signal <see cref="QueueNotifyEvents"/> itself. Nothing a guest writes makes these throw.
/// </summary>
public sealed class VirtioMmioTransport : IDisposable
{
    /// <summary>Bytes of the range that the guest sees: one page.</summary>
    public const uint RangeBytes = 0x1000;

    /// <summary>
    /// Where in the range the guest writes a queue's number, 32 bits, to notify the device: for KVM_IOEVENTFD with that number as
    /// datamatch.
    /// </summary>
    public const uint QueueNotifyOffset = (uint)MmioRegister.QueueNotify;

    private const uint MagicValue = 0x74726976; // "virt"
    private const uint Version = 2;
    private const uint VendorId = 0x6174614b; // "Kata"; drivers do not look at it.
    private const uint UsedBuffersInterrupt = 1;
    private const uint ConfigurationInterrupt = 2;

    private readonly Lock _lock = new();
    private readonly DeviceState _device;
    private uint _deviceFeaturesWord;
    private uint _driverFeaturesWord;
    private uint _queueIndex;

    private VirtioMmioTransport(DeviceState device)
    {
        _device = device;
        QueueNotifyEvents = [.. device.Queues.Select(queue => queue.Kick)];
    }

    /// <summary>The eventfd of each queue: a signal is a notification of the driver. They stay the transport's.</summary>
    public IReadOnlyList<SafeFileHandle> QueueNotifyEvents { get; }

    /// <summary>Puts a device behind this transport and starts its threads, which inherit the calling thread's namespaces.</summary>
    /// <param name="device">Stays the caller's, who disposes it after the transport. It has no other transport.</param>
    /// <param name="memory">The guest's memory; stays mapped until the device is disposed.</param>
    /// <param name="interrupt">
    /// A non-blocking eventfd, signalled to interrupt the guest, edge-triggered. Stays the caller's and open until the device is disposed.
    /// </param>
    /// <param name="logger">Where events of the transport are reported.</param>
    /// <exception cref="InvalidOperationException">
    /// The device has a transport already, or whoever serves its queues cannot map the memory.
    /// </exception>
    /// <exception cref="LinuxException">The process is out of descriptors.</exception>
    public static VirtioMmioTransport Start(VirtioDevice device, GuestMemory memory, SafeFileHandle interrupt, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(interrupt);
        ArgumentNullException.ThrowIfNull(logger);
        return new VirtioMmioTransport(new DeviceState(device, memory, interrupt, logger));
    }

    /// <summary>The guest reads. Registers are 32 bits wide; anything else outside of configuration space reads as zero.</summary>
    /// <param name="offset">In bytes, from the beginning of the range.</param>
    /// <param name="data">Filled in.</param>
    public void Read(uint offset, Span<byte> data)
    {
        lock (_lock)
        {
            data.Clear();
            if (offset >= (uint)MmioRegister.Configuration)
                _device.ReadConfiguration(offset - (uint)MmioRegister.Configuration, data);
            else if (data.Length == sizeof(uint))
                BinaryPrimitives.WriteUInt32LittleEndian(data, ReadRegister((MmioRegister)offset));
        }
    }

    /// <summary>
    /// The guest writes. What is no register, or not 32 bits wide, is ignored. Setting up and resetting the device waits for its threads.
    /// </summary>
    /// <param name="offset">In bytes, from the beginning of the range.</param>
    /// <param name="data">What was written.</param>
    public void Write(uint offset, ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            if (offset >= (uint)MmioRegister.Configuration)
                _device.WriteConfiguration(offset - (uint)MmioRegister.Configuration, data);
            else if (data.Length == sizeof(uint))
                WriteRegister((MmioRegister)offset, BinaryPrimitives.ReadUInt32LittleEndian(data));
        }
    }

    /// <summary>Stops the queues where they are, for a paused machine: when this returns, the device touches no guest memory.</summary>
    public void Pause()
    {
        lock (_lock)
            _device.Pause();
    }

    /// <summary>Lets the queues go on after <see cref="Pause"/>.</summary>
    public void Resume()
    {
        lock (_lock)
            _device.Resume();
    }

    /// <summary>Guest memory has other regions now. A queue that lies in none of them stops its device until that is reset.</summary>
    /// <param name="memory">Replaces what the device was started with, which it does not touch any more when this returns.</param>
    /// <exception cref="InvalidOperationException">
    /// Whoever serves the device's queues cannot map it; or a thread of the device has ended or does not answer, so that what the device
    /// had must stay mapped until it is disposed.
    /// </exception>
    public void SetMemory(GuestMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        lock (_lock)
            _device.SetMemory(memory);
    }

    /// <summary>Takes the queues from the device. No other call may come during or after this.</summary>
    public void Dispose() => _device.Dispose();

    private uint ReadRegister(MmioRegister register) => register switch
    {
        MmioRegister.MagicValue => MagicValue,
        MmioRegister.Version => Version,
        MmioRegister.DeviceId => _device.DeviceType,
        MmioRegister.VendorId => VendorId,
        MmioRegister.DeviceFeatures => _deviceFeaturesWord > 1 ? 0 : (uint)(_device.DeviceFeatures >> (int)(_deviceFeaturesWord * 32)),
        MmioRegister.QueueSizeMax => SelectedQueue is null ? 0u : _device.MaxQueueSize,
        MmioRegister.QueueReady => SelectedQueue is { IsReady: true } ? 1u : 0u,
        MmioRegister.InterruptStatus => InterruptStatus,
        MmioRegister.Status => (uint)_device.Status,
        // No device has shared memory: its length is all ones (4.2.2).
        MmioRegister.SharedMemoryLengthLow or MmioRegister.SharedMemoryLengthHigh => uint.MaxValue,
        MmioRegister.SharedMemoryBaseLow or MmioRegister.SharedMemoryBaseHigh => uint.MaxValue,
        MmioRegister.ConfigurationGeneration => _device.ConfigurationGeneration,
        _ => 0,
    };

    private void WriteRegister(MmioRegister register, uint value)
    {
        switch (register)
        {
            case MmioRegister.DeviceFeaturesSelect:
                _deviceFeaturesWord = value;
                break;
            case MmioRegister.DriverFeaturesSelect:
                _driverFeaturesWord = value;
                break;
            case MmioRegister.DriverFeatures:
                _device.SetDriverFeatures(_driverFeaturesWord, value);
                break;
            case MmioRegister.QueueSelect:
                _queueIndex = value;
                break;
            case MmioRegister.QueueReady when SelectedQueue is not null:
                _device.SetReady((int)_queueIndex, value == 1);
                break;
            case MmioRegister.QueueNotify when value < _device.Queues.Count:
                FileDescriptors.Write(_device.Queues[(int)value].Kick, [1, 0, 0, 0, 0, 0, 0, 0]);
                break;
            case MmioRegister.InterruptAcknowledge when (value & ConfigurationInterrupt) != 0:
                _device.AcknowledgeConfigurationInterrupt();
                break;
            case MmioRegister.Status:
                _device.SetStatus((DeviceStatus)value);
                break;
            default:
                // A queue stays where it is once it is ready.
                if (SelectedQueue is { IsReady: false } queue)
                    SetUp(queue, register, value);
                break;
        }
    }

    private void SetUp(QueueState queue, MmioRegister register, uint value)
    {
        switch (register)
        {
            case MmioRegister.QueueSize:
                queue.Size = value <= _device.MaxQueueSize ? (ushort)value : (ushort)0;
                break;
            case MmioRegister.QueueDescriptorLow:
                queue.DescriptorTable = WithLow(queue.DescriptorTable, value);
                break;
            case MmioRegister.QueueDescriptorHigh:
                queue.DescriptorTable = WithHigh(queue.DescriptorTable, value);
                break;
            case MmioRegister.QueueDriverLow:
                queue.AvailableRing = WithLow(queue.AvailableRing, value);
                break;
            case MmioRegister.QueueDriverHigh:
                queue.AvailableRing = WithHigh(queue.AvailableRing, value);
                break;
            case MmioRegister.QueueDeviceLow:
                queue.UsedRing = WithLow(queue.UsedRing, value);
                break;
            case MmioRegister.QueueDeviceHigh:
                queue.UsedRing = WithHigh(queue.UsedRing, value);
                break;
        }
    }

    private QueueState? SelectedQueue => _queueIndex < _device.Queues.Count ? _device.Queues[(int)_queueIndex] : null;

    // Used buffers are always reported, so that the device's threads share nothing with the registers: an interrupt without any is legal.
    private uint InterruptStatus =>
        (_device.IsRunning ? UsedBuffersInterrupt : 0) | (_device.ConfigurationInterrupt ? ConfigurationInterrupt : 0);

    private static ulong WithLow(ulong address, uint value) => (address & ~0xffff_ffffUL) | value;

    private static ulong WithHigh(ulong address, uint value) => (address & 0xffff_ffffUL) | ((ulong)value << 32);
}
