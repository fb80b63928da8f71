using Kata.Linux;
using Kata.Virtio.Devices;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Tests.Fakes;

internal sealed class SignallingInterrupt : IQueueInterrupt
{
    public SafeFileHandle Event { get; } = FileDescriptors.EventFd();

    public void Signal() => FileDescriptors.Write(Event, [1, 0, 0, 0, 0, 0, 0, 0]);
}
