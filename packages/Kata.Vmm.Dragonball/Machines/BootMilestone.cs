namespace Kata.Vmm.Dragonball.Machines;

/// <summary>What a <see cref="BootClock"/> notes.</summary>
internal enum BootMilestone
{
    MemoryReady,
    DevicesReady,
    KernelLoaded,
    Running,
    FirstConsoleByte,
    Ended,
}
