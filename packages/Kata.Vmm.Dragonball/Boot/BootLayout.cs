namespace Kata.Vmm.Dragonball.Boot;

/// <summary>
/// Guest-physical addresses of what the machine prepares below 1 MiB. Kernels take the memory over once they have read it.
/// </summary>
internal static class BootLayout
{
    public const ulong Gdt = 0x500;
    public const ulong PvhStartInfo = 0x6000;
    public const ulong PvhModules = 0x6040;
    public const ulong PvhMemoryMap = 0x7000;
    public const ulong ZeroPage = 0x7000;
    public const ulong StackTop = 0x8FF0;

    /// <summary>PML4, PDPT and four page directories.</summary>
    public const ulong PageTables = 0x9000;

    public const ulong CommandLine = 0x2_0000;

    /// <summary>Bytes, with the terminator.</summary>
    public const int CommandLineCapacity = 0x1_0000;

    public const ulong SetupData = 0x3_0000;

    /// <summary>Where conventional memory ends in the memory map: what a BIOS would keep for itself follows.</summary>
    public const ulong ConventionalEnd = 0x9_FC00;

    /// <summary>The part of the BIOS area where kernels look for the RSDP, at multiples of 16.</summary>
    public const ulong AcpiTables = 0xE_0000;

    public const ulong AcpiTablesEnd = 0xF_FF00;

    /// <summary>F000:FFF0, where a processor begins after reset.</summary>
    public const ulong ResetVector = 0xF_FFF0;

    public const ulong HighMemoryStart = 0x10_0000;
}
