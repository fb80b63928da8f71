using Kata.Virtio.Devices;

namespace Kata.Virtio.Tests.Fakes;

/// <summary>Notes what the device's thread has allocated whenever it interrupts, without a part of its own in that.</summary>
internal sealed class MeasuringInterrupt : IQueueInterrupt
{
    private long _allocatedBytes;

    /// <summary>Bytes on the managed heap, as of the last interrupt.</summary>
    public long AllocatedBytes => Volatile.Read(ref _allocatedBytes);

    public void Signal() => Volatile.Write(ref _allocatedBytes, GC.GetAllocatedBytesForCurrentThread());
}
