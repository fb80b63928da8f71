namespace Kata.Vmm.Dragonball.Boot;

/// <summary>The registers of a virtio-mmio device.</summary>
/// <param name="Base">Guest-physical address, below 4 GiB.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Gsi">The IOAPIC's pin, edge triggered.</param>
internal readonly record struct VirtioMmioWindow(uint Base, uint Size, uint Gsi);
