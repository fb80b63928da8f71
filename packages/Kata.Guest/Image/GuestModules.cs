namespace Kata.Guest.Image;

/// <summary>
/// The modules a Kata guest has a use for. Those loaded at boot let the agent be reached and drive every device that may be there
/// or be plugged in later; the others wait in the image until a container or a request needs them.
/// </summary>
internal static class GuestModules
{
    /// <summary>Without these no guest can work, whatever the hypervisor.</summary>
    public static readonly string[] Required = ["vmw_vsock_virtio_transport"];

    /// <summary>Loaded at boot, in this order, where the kernel has them: what the agent waits for comes first.</summary>
    public static readonly string[] Boot =
    [
        "virtio_pci", "virtio_mmio", "vmw_vsock_virtio_transport", "virtiofs", "overlay", "virtio_console", "virtio_rng",
        "virtio_blk", "virtio_net",
    ];

    /// <summary>In the image where the kernel has them, loaded on demand.</summary>
    public static readonly string[] OnDemand =
    [
        // Devices
        "virtio_scsi", "sd_mod", "virtio_balloon", "virtio_mem", "virtio_pmem", "nd_pmem", "loop",
        // File systems of block devices and images
        "ext4", "xfs", "erofs", "squashfs", "9p", "9pnet_virtio", "dm_verity",
    ];
}
