using System.Globalization;
using Kata.Abstractions.Devices;

namespace Kata.Hypervisors.External.Qemu.Devices;

/// <summary>A place on a PCI bus.</summary>
/// <param name="Bus">QEMU's name of the bus.</param>
/// <param name="Number">The device number, 0 to 31.</param>
/// <param name="BridgeSlot">Device number of the bridge on the root bus that leads here; null on the root bus.</param>
internal sealed record PciSlot(string Bus, int Number, int? BridgeSlot = null)
{
    /// <summary>QEMU's <c>addr</c>.</summary>
    public string Address => $"0x{Number:x}";

    /// <summary>Where the guest finds it.</summary>
    public PciAddress GuestAddress => new(
        BridgeSlot is { } bridge ? string.Create(CultureInfo.InvariantCulture, $"{bridge:x2}/{Number:x2}") : $"{Number:x2}");
}
