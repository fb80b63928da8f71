using Kata.Virtio.Memory;
using Kata.Vmm.Dragonball.Memory;

namespace Kata.Vmm.Dragonball.Boot;

/// <summary>
/// A range of the memory map that a guest is given. It covers memory only: what it leaves out belongs to devices or nobody.
/// </summary>
/// <param name="Address">First byte.</param>
/// <param name="Size">Bytes.</param>
internal readonly record struct MemoryMapEntry(ulong Address, ulong Size)
{
    /// <summary>E820_TYPE_RAM and XEN_HVM_MEMMAP_TYPE_RAM.</summary>
    public const uint Ram = 1;

    /// <summary>
    /// The memory map of a machine. The BIOS area is left out, although there is memory, because the kernel finds the ACPI tables there.
    /// </summary>
    public static IReadOnlyList<MemoryMapEntry> Of(GuestMemory memory, LowMemory low) =>
    [
        new(0, BootLayout.ConventionalEnd),
        new(BootLayout.HighMemoryStart, low.End - BootLayout.HighMemoryStart),
        .. from region in memory.Regions where region.Start >= GuestRam.HoleEnd select new MemoryMapEntry(region.Start, region.Length),
    ];
}
