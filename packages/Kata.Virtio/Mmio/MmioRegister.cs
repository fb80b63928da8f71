namespace Kata.Virtio.Mmio;

/// <summary>Registers of a virtio-mmio device, version 2 (virtio 1.2, 4.2.2). Each is 32 bits wide.</summary>
internal enum MmioRegister : uint
{
    MagicValue = 0x000,
    Version = 0x004,
    DeviceId = 0x008,
    VendorId = 0x00c,
    DeviceFeatures = 0x010,
    DeviceFeaturesSelect = 0x014,
    DriverFeatures = 0x020,
    DriverFeaturesSelect = 0x024,
    QueueSelect = 0x030,
    QueueSizeMax = 0x034,
    QueueSize = 0x038,
    QueueReady = 0x044,
    QueueNotify = 0x050,
    InterruptStatus = 0x060,
    InterruptAcknowledge = 0x064,
    Status = 0x070,
    QueueDescriptorLow = 0x080,
    QueueDescriptorHigh = 0x084,
    QueueDriverLow = 0x090,
    QueueDriverHigh = 0x094,
    QueueDeviceLow = 0x0a0,
    QueueDeviceHigh = 0x0a4,
    SharedMemorySelect = 0x0ac,
    SharedMemoryLengthLow = 0x0b0,
    SharedMemoryLengthHigh = 0x0b4,
    SharedMemoryBaseLow = 0x0b8,
    SharedMemoryBaseHigh = 0x0bc,
    ConfigurationGeneration = 0x0fc,

    /// <summary>Not a register: where configuration space begins.</summary>
    Configuration = 0x100,
}
