namespace Kata.Vmm.Dragonball;

/// <summary>How often a vCPU left the guest for this process. Each costs a few microseconds: few are good.</summary>
/// <param name="Io">For I/O ports: the serial console, mostly.</param>
/// <param name="Mmio">For registers of devices.</param>
/// <param name="Interrupted">For signals to its thread.</param>
public sealed record VcpuExitCounts(long Io, long Mmio, long Interrupted);
