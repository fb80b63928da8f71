namespace Kata.Vmm.Dragonball.Boot;

/// <summary>A 16550 with eight I/O ports.</summary>
/// <param name="Port">The first port.</param>
/// <param name="Gsi">The IOAPIC's pin, edge triggered.</param>
internal readonly record struct SerialPortDescription(ushort Port, uint Gsi)
{
    /// <summary>COM1.</summary>
    public static SerialPortDescription Com1 => new(0x3F8, 4);
}
