using Kata.Virtio;
using Kata.Vmm.Dragonball.Boot;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Vmm.Dragonball;

/// <summary>What a <see cref="MicroVm"/> is made of.</summary>
public sealed record MicroVmOptions
{
    /// <summary>The guest's kernel: a bzImage, or an ELF file with a PVH note or a 64-bit entry.</summary>
    public required string KernelPath { get; init; }

    /// <summary>The initial RAM disk, handed to the kernel as it is; null for none.</summary>
    public string? InitrdPath { get; init; }

    /// <summary>The kernel's command line, as it is: printable ASCII, at most 2047 bytes.</summary>
    public string CommandLine { get; init; } = KernelCommandLine.Machine;

    /// <summary>Virtual processors: 1 to 254, and no more than KVM takes.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>Memory in MiB: 2 to 1,048,576, a multiple of 2.</summary>
    public int MemoryMib { get; init; } = 128;

    /// <summary>What the memory is made of.</summary>
    public MicroVmMemoryBacking MemoryBacking { get; init; }

    /// <summary>All memory is taken from the host before the guest starts, instead of when the guest touches it.</summary>
    public bool PrefaultMemory { get; init; }

    /// <summary>Receives what the guest writes to its consoles. Written from one thread; stays the caller's. Null for nobody.</summary>
    public Stream? ConsoleOutput { get; init; }

    /// <summary>
    /// Whether there is a virtio console (hvc0) besides the serial port (ttyS0): much cheaper, once the guest has its driver. Both write to
    /// <see cref="ConsoleOutput"/>; what is typed goes to this one.
    /// </summary>
    public bool HasConsoleDevice { get; init; }

    /// <summary>Whether there is a virtio-rng device, from which the guest's kernel takes randomness.</summary>
    public bool HasEntropyDevice { get; init; } = true;

    /// <summary>A virtio-vsock device, which <see cref="MicroVm.ConnectVsockAsync"/> needs; null for none.</summary>
    public VirtioVsockOptions? Vsock { get; init; }

    /// <summary>Disks, in the order of their names in the guest: /dev/vda, /dev/vdb.</summary>
    public IReadOnlyList<VirtioBlockOptions> Disks { get; init; } = [];

    /// <summary>Network cards, each on a TAP device of <see cref="NetworkNamespacePath"/>.</summary>
    public IReadOnlyList<VirtioNetworkOptions> Networks { get; init; } = [];

    /// <summary>Shared directories that this process serves.</summary>
    public IReadOnlyList<VirtioFileSystemOptions> FileSystems { get; init; } = [];

    /// <summary>Shared directories that other processes serve, such as virtiofsd. They need shareable memory.</summary>
    public IReadOnlyList<VhostUserFileSystemOptions> VhostUserFileSystems { get; init; } = [];

    /// <summary>
    /// The network namespace in which all threads and devices of the VMM live, as a path that <c>setns</c> can open. Null for the caller's.
    /// </summary>
    public string? NetworkNamespacePath { get; init; }

    /// <summary>Gets what an operator should know.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
