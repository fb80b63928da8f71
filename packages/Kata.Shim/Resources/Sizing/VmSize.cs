namespace Kata.Shim.Resources.Sizing;

/// <summary>The size of a VM.</summary>
/// <param name="Vcpus">vCPUs at boot, at least 1.</param>
/// <param name="MaxVcpus">Ceiling of vCPUs.</param>
/// <param name="MemoryMib">Memory at boot in MiB.</param>
/// <param name="MaxMemoryMib">Ceiling of memory in MiB.</param>
internal readonly record struct VmSize(int Vcpus, int MaxVcpus, ulong MemoryMib, ulong MaxMemoryMib);
