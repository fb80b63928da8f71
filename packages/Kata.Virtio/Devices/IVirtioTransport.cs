namespace Kata.Virtio.Devices;

/// <summary>What a device may ask of the transport it sits behind. From any thread of the device.</summary>
internal interface IVirtioTransport
{
    /// <summary>The driver broke the rules: the device has stopped and needs a reset (DEVICE_NEEDS_RESET).</summary>
    void DeviceNeedsReset();

    /// <summary>Configuration space has changed by itself: the driver is told to read it again.</summary>
    void ConfigurationChanged();
}
