using Kata.Virtio.Devices;

namespace Kata.Virtio.Tests.Fakes;

internal sealed class CountingInterrupt : IQueueInterrupt
{
    public int Count { get; private set; }

    public void Signal() => Count++;
}
