using System.Text.Json.Nodes;
using Kata.Abstractions;
using Kata.Hypervisors.External.Qemu.CommandLine;

namespace Kata.Hypervisors.External.Qemu.Devices;

/// <summary>
/// Gives out PCI slots, so that the guest's path of every device is known without asking QEMU: the root bus at boot, the bridges while
/// the VM runs.
/// </summary>
internal sealed class PciSlots
{
    /// <summary>The most bridges a configuration can ask for.</summary>
    public const int MostBridges = 5;

    private const int FirstBridge = 2;
    private const int LastRootSlot = 30;
    private const int LastBridgeSlot = 31;

    private readonly Queue<PciSlot> _root;
    private readonly SortedSet<(int Bridge, int Number)> _free = [];
    private readonly int _bridges;

    /// <summary>Slots behind <paramref name="bridges"/> bridges. Slot 0 of the root bus is the host bridge, 31 of q35 its LPC bridge.</summary>
    public PciSlots(int bridges)
    {
        _bridges = bridges;
        _root = new(Enumerable.Range(1, LastRootSlot).Where(slot => slot < FirstBridge || slot >= FirstBridge + bridges).Select(slot => new PciSlot(QemuMachine.RootBus, slot)));
        for (var bridge = 0; bridge < bridges; bridge++)
        {
            // Slot 0 of a bridge is kept for a hot-plug controller.
            for (var number = 1; number <= LastBridgeSlot; number++)
                _free.Add((bridge, number));
        }
    }

    /// <summary>The bridges, as devices. Windows of a fixed size leave room for devices that come later.</summary>
    public IEnumerable<JsonObject> Bridges => Enumerable.Range(0, _bridges).Select(bridge => new JsonObject
    {
        ["driver"] = "pci-bridge",
        ["id"] = NameOf(bridge),
        ["bus"] = QemuMachine.RootBus,
        ["addr"] = $"0x{FirstBridge + bridge:x}",
        ["chassis_nr"] = bridge + 1,
        // Hot-plug goes through ACPI: distribution kernels lack the driver of the standard controller.
        ["shpc"] = false,
        ["io-reserve"] = 4096,
        ["mem-reserve"] = 1 << 20,
        ["pref64-reserve"] = 1 << 20,
    });

    /// <summary>A slot for a device present at boot. It is not given back.</summary>
    public PciSlot TakeRoot() => _root.TryDequeue(out var slot)
        ? slot
        : throw new HypervisorException("All PCI slots of the root bus are taken; use fewer devices at boot.", null, KataErrorKind.ResourceExhausted);

    /// <summary>A slot for a hot-plugged device.</summary>
    public PciSlot Take()
    {
        if (_free.Count == 0)
            throw new HypervisorException("All PCI slots for hot-plug are taken; raise default_bridges.", null, KataErrorKind.ResourceExhausted);
        var first = _free.Min;
        _free.Remove(first);
        return new PciSlot(NameOf(first.Bridge), first.Number, FirstBridge + first.Bridge);
    }

    /// <summary>Gives back what <see cref="Take"/> gave.</summary>
    public void Return(PciSlot slot)
    {
        if (slot.BridgeSlot is { } bridge)
            _free.Add((bridge - FirstBridge, slot.Number));
    }

    private static string NameOf(int bridge) => $"pci-bridge-{bridge}";
}
