namespace Kata.Virtio.Devices;

/// <summary>
/// A virtio device without its transport. The transport negotiates features and forwards accesses to configuration space; who serves the
/// queues is told by <see cref="IQueueDevice"/> and <see cref="IDelegatedDevice"/>. Calls come on the thread of the first worker.
/// </summary>
internal interface IVirtioDevice
{
    /// <summary>The device's type (virtio 1.2, chapter 5).</summary>
    uint DeviceType { get; }

    /// <summary>Feature bits the device offers, those of the queues included.</summary>
    ulong Features { get; }

    int QueueCount { get; }

    /// <summary>Entries of the largest queue the device takes.</summary>
    ushort MaxQueueSize { get; }

    /// <summary>Set before the first queue starts, and null again when the machine is gone.</summary>
    IVirtioTransport? Transport { get; set; }

    /// <summary>What driver and device agreed on, a subset of <see cref="Features"/>. Comes before the first queue starts.</summary>
    void SetFeatures(ulong features)
    {
        // Most devices work the same with whatever was agreed on.
    }

    /// <summary>Copies configuration space; bytes beyond its end read as zero.</summary>
    void ReadConfiguration(uint offset, Span<byte> destination);

    /// <summary>The driver writes configuration space. Most of it is read-only: writes there do nothing.</summary>
    void WriteConfiguration(uint offset, ReadOnlySpan<byte> source)
    {
        // Nothing to write in most devices.
    }

    /// <summary>Back to the state before any driver; all queues are stopped.</summary>
    void Reset();
}
