using Kata.Virtio;
using Kata.Virtio.Memory;
using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Buses;
using Kata.Vmm.Dragonball.Kvm;
using Kata.Vmm.Dragonball.LegacyDevices;
using Kata.Vmm.Dragonball.Vcpus;

namespace Kata.Vmm.Dragonball.Machines;

/// <summary>The devices of a machine.</summary>
internal sealed partial class Machine
{
    private readonly List<VirtioSlot> _slots = [];
    private VirtioConsole? _consoleDevice;

    /// <summary>Stops the devices: none touches guest memory any more when this returns.</summary>
    public void PauseDevices()
    {
        foreach (var slot in _slots)
            slot.Pause();
    }

    /// <summary>Lets the devices go on.</summary>
    public void ResumeDevices()
    {
        foreach (var slot in _slots)
            slot.Resume();
    }

    /// <summary>Takes the queues from the devices. Waits for their threads, which may be within a system call on slow storage.</summary>
    public void DisconnectDevices()
    {
        foreach (var slot in _slots)
            slot.Disconnect();
    }

    private VcpuExitHandler ConnectDevices(KvmVm vm, GuestMemory memory)
    {
        _serialInterrupt = InterruptLine.Connect(vm, SerialPortDescription.Com1.Gsi);
        _serial = new SerialPort(Console, _serialInterrupt.Raise);
        var ports = new Bus(
        [
            new BusRange(SerialPortDescription.Com1.Port, SerialPort.Ports, _serial),
            new BusRange(KeyboardController.CommandPort, 1, new KeyboardController(End)),
            new BusRange(MachineLayout.PowerPort, 1, new PowerPort(End)),
        ]);
        foreach (var (option, create) in VirtioDevices.Of(options, Console.Write))
            Connect(vm, memory, option, create);
        return new VcpuExitHandler(ports, new Bus(_slots.Select(slot => new BusRange(slot.Window.Base, slot.Window.Size, slot))), End);
    }

    private void Connect(KvmVm vm, GuestMemory memory, string option, Func<VirtioDevice> create)
    {
        VirtioDevice device;
        try
        {
            device = create();
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            throw new MicroVmException($"{option}: {e.Message}", e);
        }

        _consoleDevice ??= device as VirtioConsole;
        var slot = new VirtioSlot(_slots.Count, device);
        _slots.Add(slot);
        slot.Connect(vm, memory, options.Logger);
        _ = slot.WatchAsync(exception => MachineLog.DeviceFailed(options.Logger, exception, option));
    }

    private async ValueTask DisposeDevicesAsync()
    {
        foreach (var slot in _slots)
            await slot.DisposeAsync().ConfigureAwait(false);
    }
}
