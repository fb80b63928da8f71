using Kata.Abstractions.Configuration;
using Kata.Shim.Resources.Sizing;

namespace Kata.Shim.Configuration;

/// <summary>Reads the <c>[hypervisor.NAME]</c> section of the selected hypervisor.</summary>
internal static class HypervisorSectionReader
{
    /// <summary>What Kata's kernels and images need the least of (MiB); hypervisors may need more.</summary>
    private const ulong LeastMemoryMib = 64;

    /// <summary>What a stock kernel and an initrd take of the VM's memory (MiB): a container's limit comes on top.</summary>
    private const long GuestMemoryMib = 128;

    /// <summary>Reads the section.</summary>
    /// <param name="name">The hypervisor.</param>
    /// <param name="section">Its section with annotations applied.</param>
    /// <param name="agentParameters">Kernel parameters the agent's section asks for.</param>
    /// <param name="sizeOf">Makes the VM's size out of the section's sizing keys.</param>
    /// <param name="warnings">Gets one line per unknown key.</param>
    public static (HypervisorConfiguration Hypervisor, SharedFsConfiguration SharedFs) Read(
        string name, ConfigurationSection section, IReadOnlyList<string> agentParameters, Func<VmSizing, VmSize> sizeOf, ICollection<string> warnings)
    {
        var shared = ReadSharedFs(name, section);
        var size = sizeOf(ReadSizing(section));
        if (size.MemoryMib < LeastMemoryMib)
            throw section.Error("default_memory", $"{size.MemoryMib} MiB are too few for hypervisor {name}; at least {LeastMemoryMib} MiB are needed.");
        var hypervisor = new HypervisorConfiguration
        {
            Path = section.ExistingPath("path"),
            Kernel = section.ExistingPath("kernel"),
            Initrd = section.ExistingPath("initrd"),
            Image = section.ExistingPath("image"),
            RootfsType = section.OneOf("rootfs_type", "ext4", "ext4", "xfs", "erofs"),
            Firmware = section.ExistingPath("firmware"),
            KernelParameters = string.Join(' ', [.. agentParameters, .. KernelParameters.Split(section.Text("kernel_params"))]),
            MachineType = section.Text("machine_type"),
            MachineAccelerators = section.Text("machine_accelerators"),
            CpuFeatures = section.Text("cpu_features"),
            Vcpus = size.Vcpus,
            MaxVcpus = size.MaxVcpus,
            MemoryMib = size.MemoryMib,
            MaxMemoryMib = size.MaxMemoryMib,
            MemorySlots = (int)section.Integer("memory_slots", 10, maximum: 256) is > 0 and var slots ? slots : 10,
            MemoryPrealloc = section.Flag("enable_mem_prealloc"),
            HugePages = section.Flag("enable_hugepages"),
            BlockDeviceDriver = section.OneOf(
                "block_device_driver", "virtio-blk-pci", "virtio-blk-pci", "virtio-blk-ccw", "virtio-blk-mmio", "virtio-scsi", "virtio-pmem"),
            BlockDeviceAio = section.OneOf("block_device_aio", "io_uring", "io_uring", "native", "threads"),
            Bridges = (int)section.Integer("default_bridges", 1, maximum: 5),
            NetworkQueues = (int)Math.Clamp(section.Integer("network_queues", 1, maximum: uint.MaxValue), 1, 256),
            DisableVhostNet = section.Flag("disable_vhost_net"),
            SeccompSandbox = SeccompSandbox(section, warnings),
            Debug = section.Flag("enable_debug"),
            Source = section.SourceOf(""),
        };
        if (hypervisor is { Initrd.Length: > 0, Image.Length: > 0 })
            throw section.Error("image", "image and initrd exclude each other; remove one of them.");
        // Read for annotations only.
        _ = section.TextList("enable_annotations");
        _ = section.TextList("valid_hypervisor_paths");
        _ = section.TextList("valid_virtio_fs_daemon_paths");
        hypervisor = hypervisor with
        {
            SharedMemory = shared.Kind == SharedFsKind.VirtioFs || section.Flag("enable_vhost_user_store"),
            OtherKeys = UnreadKeys.Collect(section, KnownKeys.Hypervisors.Contains(name) ? KnownKeys.Hypervisor : null, warnings),
        };
        return (hypervisor, shared with { Debug = hypervisor.Debug, GuestSelinux = hypervisor.OtherKeys.GetValueOrDefault("disable_guest_selinux") == "false" });
    }

    private static VmSizing ReadSizing(ConfigurationSection section)
    {
        var overhead = section.Number("overhead_vcpus", 0);
        return new VmSizing(
            section.Number("default_vcpus", 0),
            // Negative stands for "all of the host" in files of the Go runtime.
            (int)Math.Max(section.Integer("default_maxvcpus", 0, minimum: -1, maximum: uint.MaxValue) is var most and < int.MaxValue ? most : 0, 0),
            overhead >= 0 ? overhead : throw section.Error("overhead_vcpus", "The value must not be negative."),
            (ulong)section.Integer("default_memory", 0, maximum: uint.MaxValue),
            (ulong)section.Integer("default_maxmemory", 0, maximum: uint.MaxValue),
            (ulong)section.Integer("overhead_memory", GuestMemoryMib, maximum: uint.MaxValue));
    }

    private static SharedFsConfiguration ReadSharedFs(string name, ConfigurationSection section)
    {
        const string Key = "shared_fs";
        var daemon = section.Text("virtio_fs_daemon");
        // An absent key means nothing is shared, unless the file names the daemon that would serve it.
        var kind = section.Text(Key, section.Has("virtio_fs_daemon") ? "" : "none") switch
        {
            "none" => SharedFsKind.None,
            "inline-virtio-fs" => SharedFsKind.InlineVirtioFs,
            "" when name == "dragonball" => SharedFsKind.InlineVirtioFs,
            "" or "virtio-fs" => SharedFsKind.VirtioFs,
            var other => throw section.Error(Key, $"\"{other}\" is not supported; use virtio-fs, inline-virtio-fs or none."),
        };
        if (kind == SharedFsKind.VirtioFs)
        {
            daemon = section.ExistingPath("virtio_fs_daemon");
            if (daemon.Length == 0)
                throw section.Error("virtio_fs_daemon", "shared_fs is virtio-fs, which needs the path of virtiofsd here.");
        }

        var cache = section.OneOf("virtio_fs_cache", "never", "never", "none", "auto", "always", "metadata");
        return new SharedFsConfiguration
        {
            Kind = kind,
            DaemonPath = daemon,
            Cache = cache == "none" ? "never" : cache,
            ExtraArguments = section.TextList("virtio_fs_extra_args"),
            QueueSize = (int)section.Integer("virtio_fs_queue_size", 0, maximum: 1024),
        };
    }

    private static string SeccompSandbox(ConfigurationSection section, ICollection<string> warnings)
    {
        if (section.Has("seccompsandbox"))
            warnings.Add($"{section.SourceOf("seccompsandbox")}: {section.Name}.seccompsandbox is the Go runtime's spelling; use seccomp_sandbox.");
        return section.Text("seccomp_sandbox", section.Text("seccompsandbox"));
    }
}
