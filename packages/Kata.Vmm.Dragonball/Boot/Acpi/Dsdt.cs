namespace Kata.Vmm.Dragonball.Boot.Acpi;

/// <summary>
/// The Differentiated System Description Table: the machine's devices. Hardware-reduced machines have no identity-mapped legacy
/// interrupts; a device has the interrupts named here, and no others.
/// </summary>
internal static class Dsdt
{
    private const byte Revision = 2;
    private const byte SerialPorts = 8;

    public static byte[] Make(MachineDescription machine)
    {
        var aml = new AmlWriter();
        // Without \_S5 a kernel does not know how to power off.
        aml.NamePackage(@"\_S5", MachineDescription.S5SleepType, 0, 0, 0);
        aml.Scope(@"\_SB", devices =>
        {
            if (machine.Serial is { } serial)
                AddSerial(devices, serial);
            for (var i = 0; i < machine.VirtioWindows.Count; i++)
                AddVirtio(devices, i, machine.VirtioWindows[i]);
        });
        return AcpiTable.Make("DSDT"u8, Revision, aml.ToArray());
    }

    private static void AddSerial(AmlWriter devices, SerialPortDescription serial) => devices.Device("COM1", device =>
    {
        device.NameEisaId("_HID", "PNP0501");
        device.Name("_UID", 0);
        device.Name("_CRS", new ResourceTemplate().Io(serial.Port, SerialPorts).Interrupt(serial.Gsi));
    });

    private static void AddVirtio(AmlWriter devices, int index, VirtioMmioWindow window) => devices.Device($"V{index:X3}", device =>
    {
        // The identifier of virtio-mmio that Linux knows since 4.2 and QEMU gave it.
        device.Name("_HID", "LNRO0005");
        device.Name("_UID", (ulong)index);
        // Devices see memory as processors do.
        device.Name("_CCA", 1);
        device.Name("_CRS", new ResourceTemplate().Memory32Fixed(window.Base, window.Size).Interrupt(window.Gsi));
    });
}
