using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Buses;
using Kata.Vmm.Dragonball.Machines;

namespace Kata.Vmm.Dragonball.LegacyDevices;

/// <summary>
/// The reset, sleep control and sleep status registers of hardware-reduced ACPI (ACPI 6.5, 4.8.3), which share one port.
/// It reads as 0: the machine never woke up.
/// </summary>
internal sealed class PowerPort(GuestEnd end) : IBusDevice
{
    private const int SleepTypeShift = 2;
    private const int SleepTypeMask = 7;

    public void Read(ulong offset, Span<byte> data)
    {
        // Zeroed already.
    }

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        var value = data[0];
        var sleepType = (value >> SleepTypeShift) & SleepTypeMask;
        if (value == MachineDescription.ResetValue)
            end.Set(MicroVmExitReason.GuestReset, "The guest reset itself through ACPI.");
        else if ((value & MachineDescription.SleepEnable) != 0 && sleepType == MachineDescription.S5SleepType)
            end.Set(MicroVmExitReason.GuestShutdown, "The guest switched itself off (ACPI S5).");
    }
}
