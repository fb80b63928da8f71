namespace Kata.Shim.Configuration.Annotations;

/// <summary>Which key an annotation sets and how.</summary>
/// <param name="Key">The TOML key.</param>
/// <param name="Kind">The form of its text.</param>
/// <param name="AllowList">The TOML key with the patterns for <see cref="AnnotationKind.ListedPath"/>.</param>
internal readonly record struct AnnotationRule(string Key, AnnotationKind Kind, string AllowList = "")
{
    /// <summary>Prefix of the annotations of the hypervisor's section.</summary>
    public const string HypervisorPrefix = "io.katacontainers.config.hypervisor.";

    /// <summary>Prefix of the annotations of the agent's section.</summary>
    public const string AgentPrefix = "io.katacontainers.config.agent.";

    /// <summary>Prefix of the annotations of the runtime section.</summary>
    public const string RuntimePrefix = "io.katacontainers.config.runtime.";

    /// <summary>The rule for a hypervisor annotation without its prefix; null when there is none.</summary>
    public static AnnotationRule? ForHypervisor(string name) => name switch
    {
        "path" => new(name, AnnotationKind.ListedPath, "valid_hypervisor_paths"),
        "jailer_path" => new(name, AnnotationKind.ListedPath, "valid_jailer_paths"),
        "virtio_fs_daemon" => new(name, AnnotationKind.ListedPath, "valid_virtio_fs_daemon_paths"),
        "vhost_user_store_path" => new(name, AnnotationKind.ListedPath, "valid_vhost_user_store_paths"),
        "entropy_source" => new(name, AnnotationKind.ListedPath, "valid_entropy_sources"),
        "kernel_params" => new(name, AnnotationKind.KernelParameters),
        "virtio_fs_extra_args" => new(name, AnnotationKind.AppendedList),
        "default_vcpus" => new(name, AnnotationKind.Number),
        "default_max_vcpus" => new("default_maxvcpus", AnnotationKind.Integer),
        "default_memory" => new(name, AnnotationKind.Memory),
        "blk_logical_sector_size" => new("block_device_logical_sector_size", AnnotationKind.Integer),
        "blk_physical_sector_size" => new("block_device_physical_sector_size", AnnotationKind.Integer),
        "block_device_num_queues" => new("num_queues", AnnotationKind.Integer),
        "block_device_queue_size" => new("queue_size", AnnotationKind.Integer),
        "memory_slots" or "memory_offset" or "indep_iothreads" or "pcie_root_port" or "pcie_switch_port" or "rx_rate_limiter_max_rate"
            or "tx_rate_limiter_max_rate" or "network_queues" or "virtio_fs_cache_size" or "default_gpus" => new(name, AnnotationKind.Integer),
        "enable_mem_prealloc" or "enable_hugepages" or "enable_virtio_mem" or "enable_guest_swap" or "disable_block_device_use"
            or "block_device_cache_set" or "block_device_cache_direct" or "block_device_cache_noflush" or "disable_image_nvdimm"
            or "enable_iothreads" or "enable_vhost_user_store" or "enable_iommu" or "enable_iommu_platform" or "disable_vhost_net"
            or "rootless" => new(name, AnnotationKind.Flag),
        "kernel" or "image" or "initrd" or "firmware" or "kernel_verity_params" or "hugepage_type" or "cpu_features" or "machine_type"
            or "machine_accelerators" or "block_device_driver" or "guest_hook_path" or "shared_fs" or "virtio_fs_cache"
            or "default_gpu_model" => new(name, AnnotationKind.Text),
        "cc_init_data" => new("initdata", AnnotationKind.Text),
        _ => null,
    };

    /// <summary>The rule for an agent annotation without its prefix; null when there is none.</summary>
    public static AnnotationRule? ForAgent(string name) => name switch
    {
        "kernel_modules" => new(name, AnnotationKind.List),
        "enable_tracing" => new(name, AnnotationKind.Flag),
        "container_pipe_size" or "cdh_api_timeout_ms" => new(name, AnnotationKind.Integer),
        _ => null,
    };

    /// <summary>The rule for a runtime annotation without its prefix; null when there is none.</summary>
    public static AnnotationRule? ForRuntime(string name) => name switch
    {
        "disable_guest_seccomp" or "enable_pprof" or "sandbox_cgroup_only" or "enable_vcpus_pinning" or "disable_new_netns" =>
            new(name, AnnotationKind.Flag),
        "internetworking_model" or "vfio_mode" or "name" => new(name, AnnotationKind.Text),
        "experimental" => new(name, AnnotationKind.AppendedList),
        _ => null,
    };
}
