using Kata.Linux;
using Kata.Vmm.Dragonball.Kvm;
using Microsoft.Win32.SafeHandles;

namespace Kata.Vmm.Dragonball.Buses;

/// <summary>An edge-triggered interrupt of a device, raised through an eventfd that KVM listens to.</summary>
internal sealed class InterruptLine : IDisposable
{
    private InterruptLine(SafeFileHandle eventFd) => EventFd = eventFd;

    /// <summary>A write of any number raises the interrupt.</summary>
    public SafeFileHandle EventFd { get; }

    /// <summary>Connects a new eventfd with a pin of the IOAPIC, until the eventfd or the machine is closed.</summary>
    /// <exception cref="LinuxException">The process is out of descriptors, or another eventfd is connected.</exception>
    public static InterruptLine Connect(KvmVm vm, uint gsi)
    {
        var eventFd = FileDescriptors.EventFd();
        try
        {
            vm.AssignIrqFd(eventFd, gsi);
            return new InterruptLine(eventFd);
        }
        catch
        {
            eventFd.Dispose();
            throw;
        }
    }

    /// <summary>Interrupts the guest.</summary>
    public void Raise() => FileDescriptors.Write(EventFd, [1, 0, 0, 0, 0, 0, 0, 0]);

    public void Dispose() => EventFd.Dispose();
}
