using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Devices;

/// <summary>An interrupt that is an eventfd. Without one the driver polls.</summary>
internal sealed class EventFdInterrupt : IQueueInterrupt, IDisposable
{
    private SafeFileHandle? _eventFd;

    /// <summary>Takes over <paramref name="eventFd"/>.</summary>
    public void Set(SafeFileHandle? eventFd)
    {
        _eventFd?.Dispose();
        _eventFd = eventFd;
    }

    public void Signal()
    {
        if (_eventFd is null)
            return;
        try
        {
            FileDescriptors.Write(_eventFd, [1, 0, 0, 0, 0, 0, 0, 0]);
        }
        catch (LinuxException)
        {
            // What a front end gave is no eventfd: its ring stays without interrupts, which harms it alone.
            Set(null);
        }
    }

    public void Dispose() => Set(null);
}
