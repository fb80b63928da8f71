namespace Kata.Vmm.Dragonball.Buses;

/// <summary>
/// Something a guest reaches by port or memory-mapped I/O. Called on vCPU threads, several at a time; must not block for long, and takes
/// whatever the guest sends.
/// </summary>
internal interface IBusDevice
{
    /// <summary>The guest reads.</summary>
    /// <param name="offset">From the beginning of the device's range.</param>
    /// <param name="data">1, 2, 4 or 8 bytes, zeroed.</param>
    void Read(ulong offset, Span<byte> data);

    /// <summary>The guest writes.</summary>
    /// <param name="offset">From the beginning of the device's range.</param>
    /// <param name="data">1, 2, 4 or 8 bytes.</param>
    void Write(ulong offset, ReadOnlySpan<byte> data);
}
