using Kata.Vmm.Dragonball.Buses;
using Kata.Vmm.Dragonball.Machines;

namespace Kata.Vmm.Dragonball.LegacyDevices;

/// <summary>
/// The command and status port of an i8042 without anything attached. Its status reads as 0, so that nobody waits for it to take a
/// command; the only one it knows pulses the reset line.
/// </summary>
internal sealed class KeyboardController(GuestEnd end) : IBusDevice
{
    public const ulong CommandPort = 0x64;

    private const byte PulseResetLine = 0xFE;

    public void Read(ulong offset, Span<byte> data)
    {
        // Zeroed already.
    }

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (data[0] == PulseResetLine)
            end.Set(MicroVmExitReason.GuestReset, "The guest reset itself through the keyboard controller.");
    }
}
