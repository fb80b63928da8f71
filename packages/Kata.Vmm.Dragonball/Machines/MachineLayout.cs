namespace Kata.Vmm.Dragonball.Machines;

/// <summary>Where the machine's parts are, as far as they are not part of what is written into its memory.</summary>
internal static class MachineLayout
{
    /// <summary>Three pages for KVM itself, in the last 256 KiB below 4 GiB where a BIOS would be.</summary>
    public const uint TssPages = 0xFFFB_D000;

    /// <summary>One more of these.</summary>
    public const ulong IdentityMapPage = 0xFFFB_C000;

    /// <summary>The registers of the first virtio device; the others follow, a page each.</summary>
    public const uint VirtioWindows = 0xD000_0000;

    /// <summary>The interrupt of the first virtio device; the others follow. Those before are of the serial ports and of no one.</summary>
    public const uint FirstVirtioGsi = 5;

    /// <summary>The IOAPIC has 24 pins, and each device one of its own.</summary>
    public const int MostVirtioDevices = 24 - (int)FirstVirtioGsi;

    /// <summary>Reset, sleep control and sleep status of ACPI.</summary>
    public const ushort PowerPort = 0x600;
}
