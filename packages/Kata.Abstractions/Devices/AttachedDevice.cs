namespace Kata.Abstractions.Devices;

/// <summary>A device together with the place where the guest finds it.</summary>
/// <param name="Device">What was attached.</param>
/// <param name="Address">Where the guest sees it.</param>
public sealed record AttachedDevice(Device Device, GuestAddress Address);

/// <summary>Where a guest finds a device.</summary>
public abstract record GuestAddress
{
    private protected GuestAddress()
    {
    }
}

/// <summary>A PCI path from the root bus: two-digit hexadecimal slots joined by <c>/</c>, e.g. <c>02/01</c>.</summary>
/// <param name="Path">The path.</param>
public sealed record PciAddress(string Path) : GuestAddress;

/// <summary>A device node, e.g. <c>/dev/vda</c>: devices announced by ACPI or MMIO have no stable bus address.</summary>
/// <param name="Path">Absolute path in the guest.</param>
public sealed record DeviceNodeAddress(string Path) : GuestAddress;

/// <summary>A SCSI disk.</summary>
/// <param name="Target">SCSI target id.</param>
/// <param name="Lun">Logical unit number.</param>
public sealed record ScsiAddress(int Target, int Lun) : GuestAddress;

/// <summary>The guest finds the device by its own identity (MAC address, tag), not by a place.</summary>
public sealed record NoAddress : GuestAddress;
