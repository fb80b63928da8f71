namespace Kata.Shim.Configuration;

/// <summary>
/// Keys of Kata's configuration files beyond those that are read into types. They are kept as text for hypervisors and tools; a key
/// that is neither typed nor listed here is reported.
/// </summary>
internal static class KnownKeys
{
    /// <summary>Hypervisors whose sections follow Kata's documentation. Others define their own keys.</summary>
    public static readonly HashSet<string> Hypervisors = ["qemu", "clh", "cloud-hypervisor", "firecracker", "dragonball", "remote", "openvmm"];

    /// <summary><c>[hypervisor.NAME]</c>.</summary>
    public static readonly HashSet<string> Hypervisor =
    [
        "ctlpath", "valid_ctlpaths", "jailer_path", "valid_jailer_paths", "disable_nesting_checks", "enable_iothreads", "indep_iothreads",
        "disable_block_device_use", "block_device_cache_set", "block_device_cache_direct", "block_device_cache_noflush",
        "block_device_logical_sector_size", "block_device_physical_sector_size", "disable_image_nvdimm", "memory_offset",
        "enable_vhost_user_store", "vhost_user_store_path", "valid_vhost_user_store_paths", "disk_rate_limiter_bw_max_rate",
        "disk_rate_limiter_bw_one_time_burst", "disk_rate_limiter_ops_max_rate", "disk_rate_limiter_ops_one_time_burst", "queue_size",
        "num_queues", "kernel_verity_params", "vm_rootfs_driver", "guest_extension_images", "disable_nested_virtualization", "log_level",
        "guest_memory_dump_path", "guest_memory_dump_paging", "extra_monitor_socket", "dbg_monitor_socket", "cold_plug_vfio",
        "pcie_root_port", "pcie_switch_port", "enable_iommu", "enable_iommu_platform", "reclaim_guest_freed_memory", "pflashes",
        "entropy_source", "valid_entropy_sources", "hugepage_type", "enable_virtio_mem", "enable_guest_swap", "guest_swap_path",
        "guest_swap_size_percent", "guest_swap_create_threshold_secs", "rx_rate_limiter_max_rate", "tx_rate_limiter_max_rate", "rootless",
        "rootless_user", "disable_seccomp", "confidential_guest", "sev_snp_guest", "snp_id_block", "snp_id_auth", "snp_guest_policy",
        "tdx_quote_generation_service_socket_port", "initdata", "guest_hook_path", "disable_guest_selinux", "disable_selinux",
        "selinux_label", "virtio_fs_cache_size", "virtio_fs_is_dax", "hypervisor_socket", "hypervisor_timeout", "remote_hypervisor_socket",
        "remote_hypervisor_timeout", "default_gpus", "default_gpu_model", "prefetch_list_path", "factory", "boot_to_be_template",
        "boot_from_template", "memory_path", "device_state_path", "firmware_volume", "vhost_user_reconnect_timeout_sec",
        "use_legacy_serial", "kubelet_root_dir", "hotplug_vfio_on_root_bus",
        // Keys of the Go runtime's files.
        "enable_numa", "numa_mapping", "net_rate_limiter_bw_max_rate", "net_rate_limiter_bw_one_time_burst",
        "net_rate_limiter_ops_max_rate", "net_rate_limiter_ops_one_time_burst", "measurement_algo", "hot_plug_vfio",
        "hypervisor_loglevel", "msize_9p", "file_mem_backend", "valid_file_mem_backends",
    ];

    /// <summary><c>[runtime]</c>.</summary>
    public static readonly HashSet<string> Runtime =
    [
        "experimental", "sandbox_bind_mounts", "enable_vcpus_pinning", "enable_tracing", "jaeger_endpoint", "jaeger_user",
        "jaeger_password", "enable_pprof", "emptydir_mode", "vfio_mode", "keep_abnormal", "dan_conf", "shared_mounts", "use_passfd_io",
        "passfd_listener_port", "pod_resource_api_sock", "guest_selinux_label", "create_container_timeout",
    ];

    /// <summary>The package that brings a hypervisor, where this project has one.</summary>
    public static string? PackageOf(string hypervisor) => hypervisor switch
    {
        "qemu" or "clh" or "cloud-hypervisor" or "firecracker" or "remote" => "Kata.Hypervisors.External",
        "dragonball" => "Kata.Vmm.Dragonball",
        _ => null,
    };
}
