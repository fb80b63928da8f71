using System.Buffers.Binary;
using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Memory;
using Kata.Virtio.Mmio;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Tests.Mmio;

/// <summary>A guest's driver behind the registers, over real memory. Free to break every rule.</summary>
internal sealed class MmioDriver : IAsyncDisposable
{
    public const ulong MemoryBytes = 4 << 20;

    /// <summary>Buffers begin here; queues lie below.</summary>
    public const ulong Data = 1 << 20;

    private const ulong QueueBytes = 0x10000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly VirtioDevice _device;
    private readonly GuardedMemory _memory = new(0, MemoryBytes);

    public MmioDriver(VirtioDevice device, ILogger? logger = null)
    {
        _device = device;
        Memory = new GuestMemory([_memory.Region]);
        Transport = VirtioMmioTransport.Start(device, Memory, Interrupt, logger ?? NullLogger.Instance);
        Queues = [.. Enumerable.Range(0, Transport.QueueNotifyEvents.Count).Select(NewQueue)];
    }

    public VirtioMmioTransport Transport { get; }

    public GuestMemory Memory { get; }

    public SafeFileHandle Interrupt { get; } = FileDescriptors.EventFd();

    public DriverQueue[] Queues { get; }

    public DeviceStatus Status
    {
        get => (DeviceStatus)this[MmioRegister.Status];
        set => this[MmioRegister.Status] = (uint)value;
    }

    public ulong OfferedFeatures => FeatureWord(0) | ((ulong)FeatureWord(1) << 32);

    public uint this[MmioRegister register]
    {
        get
        {
            Span<byte> data = stackalloc byte[4];
            Transport.Read((uint)register, data);
            return BinaryPrimitives.ReadUInt32LittleEndian(data);
        }

        set
        {
            Span<byte> data = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(data, value);
            Transport.Write((uint)register, data);
        }
    }

    /// <summary>Everything a driver does up to DRIVER_OK, in the order of Linux.</summary>
    public void Start(ulong exclude = 0)
    {
        Status = DeviceStatus.None;
        Status = DeviceStatus.Acknowledge;
        Status = DeviceStatus.Acknowledge | DeviceStatus.Driver;
        Accept(OfferedFeatures & ~exclude);
        Status = DeviceStatus.Acknowledge | DeviceStatus.Driver | DeviceStatus.FeaturesOk;
        Assert.IsTrue(Status.HasFlag(DeviceStatus.FeaturesOk), "The device refused what it offered.");
        for (var i = 0; i < Queues.Length; i++)
        {
            Queues[i].Clear();
            SetUp(i, Queues[i].Layout);
        }

        Status = DeviceStatus.Acknowledge | DeviceStatus.Driver | DeviceStatus.FeaturesOk | DeviceStatus.DriverOk;
        Assert.AreEqual((DeviceStatus)0xf, Status);
    }

    public void Accept(ulong features)
    {
        for (var word = 0u; word < 2; word++)
        {
            this[MmioRegister.DriverFeaturesSelect] = word;
            this[MmioRegister.DriverFeatures] = (uint)(features >> (int)(word * 32));
        }
    }

    public void SetUp(int index, in QueueLayout layout)
    {
        this[MmioRegister.QueueSelect] = (uint)index;
        Assert.AreEqual(0u, this[MmioRegister.QueueReady]);
        Assert.IsGreaterThanOrEqualTo(layout.Size, (ushort)this[MmioRegister.QueueSizeMax]);
        this[MmioRegister.QueueSize] = layout.Size;
        (this[MmioRegister.QueueDescriptorLow], this[MmioRegister.QueueDescriptorHigh]) = Halves(layout.DescriptorTable);
        (this[MmioRegister.QueueDriverLow], this[MmioRegister.QueueDriverHigh]) = Halves(layout.AvailableRing);
        (this[MmioRegister.QueueDeviceLow], this[MmioRegister.QueueDeviceHigh]) = Halves(layout.UsedRing);
        this[MmioRegister.QueueReady] = 1;
        Assert.AreEqual(1u, this[MmioRegister.QueueReady]);
    }

    /// <summary>The guest's memory from an address on.</summary>
    public Span<byte> At(ulong address, int length)
    {
        Assert.IsTrue(Memory.TryGetSpan(address, length, out var span));
        return span;
    }

    /// <summary>Offers a chain of the queue's descriptors, notifies, and waits for it. Returns the bytes written into it.</summary>
    public uint Exchange(int queue, ushort head)
    {
        Queues[queue].Offer(head);
        this[MmioRegister.QueueNotify] = (uint)queue;
        var (used, written) = Take(queue);
        Assert.AreEqual(head, used);
        return written;
    }

    /// <summary>Waits for the next chain that comes back.</summary>
    public (uint Head, uint Written) Take(int queue)
    {
        var deadline = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (true)
        {
            // The wish comes first: what comes back after this interrupts.
            Queues[queue].UsedEvent = Queues[queue].UsedIndex;
            Thread.MemoryBarrier();
            if (Queues[queue].TryTakeUsed(out var head, out var written))
                return (head, written);
            Assert.IsLessThan(deadline, Environment.TickCount64, "The device gives nothing back.");
            WaitForInterrupt(TimeSpan.FromMilliseconds(100));
        }
    }

    /// <summary>False when none came.</summary>
    public bool WaitForInterrupt(TimeSpan? limit = null)
    {
        if (FileDescriptors.Poll(Interrupt, PollEvents.Readable, limit ?? Limit) == PollEvents.None)
            return false;
        FileDescriptors.Read(Interrupt, stackalloc byte[8]);
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        Transport.Dispose();
        await _device.DisposeAsync();
        await _device.Completed;
        Interrupt.Dispose();
        _memory.Dispose();
    }

    private unsafe DriverQueue NewQueue(int index)
    {
        this[MmioRegister.QueueSelect] = (uint)index;
        return new DriverQueue(_memory.Host, 0, (ulong)index * QueueBytes, (ushort)this[MmioRegister.QueueSizeMax]);
    }

    private uint FeatureWord(uint word)
    {
        this[MmioRegister.DeviceFeaturesSelect] = word;
        return this[MmioRegister.DeviceFeatures];
    }

    private static (uint Low, uint High) Halves(ulong value) => ((uint)value, (uint)(value >> 32));
}
