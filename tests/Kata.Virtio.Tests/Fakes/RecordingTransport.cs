using Kata.Virtio.Devices;

namespace Kata.Virtio.Tests.Fakes;

internal sealed class RecordingTransport : IVirtioTransport
{
    private int _resets;
    private int _changes;

    public int Resets => Volatile.Read(ref _resets);

    public int Changes => Volatile.Read(ref _changes);

    public void DeviceNeedsReset() => Interlocked.Increment(ref _resets);

    public void ConfigurationChanged() => Interlocked.Increment(ref _changes);
}
