using System.Text.Json.Nodes;
using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Hypervisors.External.Qemu.Qmp;

namespace Kata.Hypervisors.External.Qemu.Devices;

/// <summary>A device of the contract as QEMU sees it. The same JSON describes it on the command line and to <c>device_add</c>.</summary>
internal abstract class QemuDevice
{
    protected QemuDevice(Device device, PciSlot slot)
    {
        Device = device;
        Slot = slot;
    }

    public Device Device { get; }

    public PciSlot Slot { get; }

    /// <summary>The host side of it talks to another process through the guest's memory.</summary>
    public virtual bool NeedsSharedMemory => false;

    /// <summary>QEMU's id of the device. The prefix makes it start with a letter.</summary>
    protected string Name => $"dev-{Device.Id}";

    /// <summary>Adds it to the command line, for a VM that has not started.</summary>
    public abstract void AddTo(QemuArguments arguments);

    /// <summary>Adds it to a running VM. When it fails, nothing is left of it.</summary>
    public virtual Task PlugAsync(QmpClient qmp, Undo undo, CancellationToken cancellationToken) => throw NotHotpluggable();

    /// <summary>Removes it from a running VM.</summary>
    public virtual Task UnplugAsync(QmpClient qmp, TimeProvider time, CancellationToken cancellationToken) => throw NotHotpluggable();

    /// <summary>The part of the guest's side that is the same for every device.</summary>
    protected JsonObject Frontend(string driver) => new()
    {
        ["driver"] = driver,
        ["id"] = Name,
        ["bus"] = Slot.Bus,
        ["addr"] = Slot.Address,
    };

    /// <summary>Removes the guest's side and waits until the guest has let go.</summary>
    protected Task RemoveFrontendAsync(QmpClient qmp, TimeProvider time, CancellationToken cancellationToken) =>
        DeviceRemoval.RunAsync(qmp, Name, time, cancellationToken);

    private NotSupportedByHypervisorException NotHotpluggable() =>
        new(QemuProvider.ProviderName, $"adding or removing a {Device.GetType().Name} while the VM runs");
}
