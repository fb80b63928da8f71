namespace Kata.Vmm.Dragonball;

/// <summary>When a microVM reached what, since <see cref="MicroVm.StartAsync"/> was called. Null for what has not come yet.</summary>
/// <param name="MemoryReady">Guest memory is mapped, and populated when that was asked for.</param>
/// <param name="DevicesReady">All devices exist.</param>
/// <param name="KernelLoaded">Kernel, initrd, command line and tables are in guest memory.</param>
/// <param name="Running">The vCPUs may run.</param>
/// <param name="FirstConsoleByte">The guest wrote to its console.</param>
/// <param name="Ended">The guest stopped running.</param>
public sealed record MicroVmTimeline(
    TimeSpan? MemoryReady,
    TimeSpan? DevicesReady,
    TimeSpan? KernelLoaded,
    TimeSpan? Running,
    TimeSpan? FirstConsoleByte,
    TimeSpan? Ended);
