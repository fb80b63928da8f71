namespace Kata.Vmm.Dragonball.Boot.X64;

/// <summary>
/// What a kernel finds that jumps to where the BIOS would begin: on hardware-reduced ACPI Linux reboots "by EFI" by default, and without
/// EFI goes to F000:FFF0 in real mode. Without code there the guest would spin for ever.
/// </summary>
internal static class ResetStub
{
    public static void Write(LowMemory memory, ushort powerPort) => memory.Write(BootLayout.ResetVector,
    [
        0xBA, (byte)powerPort, (byte)(powerPort >> 8), // mov dx, powerPort
        0xB0, MachineDescription.ResetValue,           // mov al, ResetValue
        0xEE,                                          // out dx, al
        0xF4,                                          // hlt
        0xEB, 0xFD,                                    // jmp to hlt
    ]);
}
