namespace Kata.Abstractions.Configuration;

/// <summary>
/// The <c>[hypervisor.NAME]</c> section of <c>configuration.toml</c>, typed. Keys and defaults are Kata's; the runtime has resolved
/// defaults, annotations and sizing before a hypervisor sees it.
/// </summary>
public sealed record HypervisorConfiguration
{
    /// <summary><c>path</c>: the VMM binary; empty for a VMM inside the runtime.</summary>
    public string Path { get; init; } = "";

    /// <summary><c>kernel</c>: the guest kernel.</summary>
    public string Kernel { get; init; } = "";

    /// <summary><c>initrd</c>: the guest's initial RAM disk; empty when <see cref="Image"/> is used.</summary>
    public string Initrd { get; init; } = "";

    /// <summary>
    /// <c>image</c>: the guest's root disk, which the hypervisor attaches read-only as the first disk; empty when <see cref="Initrd"/> is used.
    /// </summary>
    public string Image { get; init; } = "";

    /// <summary><c>rootfs_type</c>: ext4, xfs or erofs, for <see cref="Image"/>.</summary>
    public string RootfsType { get; init; } = "ext4";

    /// <summary><c>firmware</c>: UEFI image, or empty.</summary>
    public string Firmware { get; init; } = "";

    /// <summary>The complete user part of the kernel command line: agent parameters, then <c>kernel_params</c>, then annotations.</summary>
    public string KernelParameters { get; init; } = "";

    /// <summary><c>machine_type</c>: e.g. q35 or microvm; empty for the hypervisor's own choice.</summary>
    public string MachineType { get; init; } = "";

    /// <summary><c>machine_accelerators</c>: appended to the machine options.</summary>
    public string MachineAccelerators { get; init; } = "";

    /// <summary><c>cpu_features</c>: appended to the CPU model.</summary>
    public string CpuFeatures { get; init; } = "";

    /// <summary>vCPUs at boot, at least 1 (<c>default_vcpus</c> rounded up).</summary>
    public int Vcpus { get; init; } = 1;

    /// <summary><c>default_maxvcpus</c>: ceiling for hot-plug.</summary>
    public int MaxVcpus { get; init; } = 1;

    /// <summary><c>default_memory</c> in MiB.</summary>
    public ulong MemoryMib { get; init; } = 2048;

    /// <summary><c>default_maxmemory</c> in MiB: ceiling for hot-plug.</summary>
    public ulong MaxMemoryMib { get; init; }

    /// <summary><c>memory_slots</c>.</summary>
    public int MemorySlots { get; init; } = 10;

    /// <summary><c>enable_mem_prealloc</c>.</summary>
    public bool MemoryPrealloc { get; init; }

    /// <summary><c>enable_hugepages</c>.</summary>
    public bool HugePages { get; init; }

    /// <summary>The guest memory must be shareable with other processes (virtio-fs, vhost-user).</summary>
    public bool SharedMemory { get; init; }

    /// <summary><c>block_device_driver</c>: virtio-blk-pci, virtio-blk-mmio, virtio-scsi…</summary>
    public string BlockDeviceDriver { get; init; } = "virtio-blk-pci";

    /// <summary><c>block_device_aio</c>: io_uring, native or threads.</summary>
    public string BlockDeviceAio { get; init; } = "io_uring";

    /// <summary><c>default_bridges</c>: PCI bridges for hot-plug.</summary>
    public int Bridges { get; init; } = 1;

    /// <summary><c>network_queues</c>: queue pairs of a network card.</summary>
    public int NetworkQueues { get; init; } = 1;

    /// <summary><c>disable_vhost_net</c>.</summary>
    public bool DisableVhostNet { get; init; }

    /// <summary><c>seccomp_sandbox</c>: QEMU's <c>-sandbox</c> value.</summary>
    public string SeccompSandbox { get; init; } = "";

    /// <summary><c>enable_debug</c>: the VMM's and the guest's console go to the log.</summary>
    public bool Debug { get; init; }

    /// <summary>Where the section came from, for messages.</summary>
    public string? Source { get; init; }

    /// <summary>Every other key of the section with its TOML value as text, for hypervisors with keys of their own.</summary>
    public IReadOnlyDictionary<string, string> OtherKeys { get; init; } = new Dictionary<string, string>();
}
