namespace Kata.Virtio.Devices;

/// <summary>The device status field (virtio 1.2, 2.1).</summary>
[Flags]
internal enum DeviceStatus : byte
{
    None = 0,

    /// <summary>The driver has seen the device.</summary>
    Acknowledge = 1,

    /// <summary>The driver knows how to drive it.</summary>
    Driver = 2,

    /// <summary>The driver is set up: the queues run.</summary>
    DriverOk = 4,

    /// <summary>The features are agreed on.</summary>
    FeaturesOk = 8,

    /// <summary>The device cannot go on without a reset. Set by the device only.</summary>
    NeedsReset = 0x40,

    /// <summary>The driver has given up.</summary>
    Failed = 0x80,
}
