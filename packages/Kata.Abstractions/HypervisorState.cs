namespace Kata.Abstractions;

/// <summary>The persistable state of a hypervisor: what a later clean-up must know, and the host side of the VM.</summary>
public sealed record HypervisorState
{
    /// <summary><see cref="IHypervisorProvider.Name"/> of the provider that made it.</summary>
    public required string Provider { get; init; }

    /// <summary>The host process that is the VM: reported to containerd as the task's pid. 0 before the start.</summary>
    public int MainProcessId { get; init; }

    /// <summary>Every process the VM consists of, with its start time, so that a reused pid is never mistaken for it.</summary>
    public IReadOnlyList<ProcessIdentity> Processes { get; init; } = [];

    /// <summary>Host thread ids of the vCPUs, by vCPU index. Empty when not known.</summary>
    public IReadOnlyList<int> VcpuThreadIds { get; init; } = [];

    /// <summary>Files, sockets and directories outside of the run directory that belong to the VM.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];
}
