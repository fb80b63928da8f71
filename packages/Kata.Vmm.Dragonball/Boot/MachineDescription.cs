namespace Kata.Vmm.Dragonball.Boot;

/// <summary>What a guest is told about the machine's hardware.</summary>
internal sealed record MachineDescription
{
    /// <summary>What the port takes for a reset; a part of the ACPI tables and of the reset stub.</summary>
    public const byte ResetValue = 1;

    /// <summary>The SLP_TYP of S5 in the ACPI tables. The guest writes <c>S5SleepType &lt;&lt; 2 | SleepEnable</c> to power off.</summary>
    public const byte S5SleepType = 5;

    /// <summary>SLP_EN of the sleep control register.</summary>
    public const byte SleepEnable = 0x20;

    /// <summary>Processors; their APIC ids are 0 to this minus 1.</summary>
    public required int VcpuCount { get; init; }

    /// <summary>The virtio devices of the machine, in the order in which the guest shall number them.</summary>
    public required IReadOnlyList<VirtioMmioWindow> VirtioWindows { get; init; }

    /// <summary>The first serial port, or null.</summary>
    public SerialPortDescription? Serial { get; init; }

    /// <summary>The byte-wide I/O port for reset, sleep control and sleep status.</summary>
    public ushort PowerPort { get; init; } = 0x600;
}
