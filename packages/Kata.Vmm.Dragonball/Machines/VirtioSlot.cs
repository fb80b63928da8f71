using Kata.Virtio;
using Kata.Virtio.Memory;
using Kata.Virtio.Mmio;
using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Buses;
using Kata.Vmm.Dragonball.Kvm;
using Microsoft.Extensions.Logging;

namespace Kata.Vmm.Dragonball.Machines;

/// <summary>
/// A virtio device in a machine: its registers, its interrupt, and its queues' notifications, which never leave the kernel.
/// </summary>
/// <param name="index">Its place among the virtio devices.</param>
/// <param name="device">Owned from here on.</param>
internal sealed class VirtioSlot(int index, VirtioDevice device) : IBusDevice, IAsyncDisposable
{
    private const uint NotificationBytes = 4;

    private InterruptLine? _interrupt;
    private VirtioMmioTransport? _transport;

    /// <summary>Where the guest finds it.</summary>
    public VirtioMmioWindow Window { get; } = new(
        MachineLayout.VirtioWindows + ((uint)index * VirtioMmioTransport.RangeBytes),
        VirtioMmioTransport.RangeBytes,
        MachineLayout.FirstVirtioGsi + (uint)index);

    /// <summary>Its threads begin on the calling thread, and everything is connected with KVM.</summary>
    public void Connect(KvmVm vm, GuestMemory memory, ILogger logger)
    {
        _interrupt = InterruptLine.Connect(vm, Window.Gsi);
        _transport = VirtioMmioTransport.Start(device, memory, _interrupt.EventFd, logger);
        const uint notify = VirtioMmioTransport.QueueNotifyOffset;
        for (var queue = 0; queue < _transport.QueueNotifyEvents.Count; queue++)
            vm.AssignIoEventFd(_transport.QueueNotifyEvents[queue], Window.Base + notify, NotificationBytes, (ulong)queue);
    }

    /// <summary>Calls <paramref name="report"/> when the device fails.</summary>
    public async Task WatchAsync(Action<Exception> report)
    {
        try
        {
            await device.Completed.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            report(e);
        }
    }

    public void Read(ulong offset, Span<byte> data) => _transport!.Read((uint)offset, data);

    public void Write(ulong offset, ReadOnlySpan<byte> data) => _transport!.Write((uint)offset, data);

    /// <summary>Stops the queues where they are.</summary>
    public void Pause() => _transport!.Pause();

    /// <summary>Lets the queues go on.</summary>
    public void Resume() => _transport!.Resume();

    /// <summary>Takes the queues from the device. Nobody calls the other methods during or after this.</summary>
    public void Disconnect() => _transport?.Dispose();

    /// <summary>Ends the device, which is disconnected.</summary>
    public async ValueTask DisposeAsync()
    {
        await device.DisposeAsync().ConfigureAwait(false);
        _interrupt?.Dispose();
    }
}
