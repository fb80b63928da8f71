namespace Kata.Shim.Configuration;

/// <summary>The file system shared between host and guest: the <c>shared_fs</c> and <c>virtio_fs_*</c> keys of the hypervisor's section.</summary>
internal sealed record SharedFsConfiguration
{
    /// <summary><c>shared_fs</c>.</summary>
    public SharedFsKind Kind { get; init; }

    /// <summary><c>virtio_fs_daemon</c>: absolute path of virtiofsd.</summary>
    public string DaemonPath { get; init; } = "";

    /// <summary><c>virtio_fs_cache</c>: never, auto or always.</summary>
    public string Cache { get; init; } = "never";

    /// <summary><c>virtio_fs_extra_args</c>: appended to the daemon's arguments.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary><c>virtio_fs_queue_size</c>; 0 for the hypervisor's own choice.</summary>
    public int QueueSize { get; init; }

    /// <summary><c>enable_debug</c>: the daemon tells more.</summary>
    public bool Debug { get; init; }

    /// <summary><c>disable_guest_selinux</c> is false: labels must survive, so extended attributes are on.</summary>
    public bool GuestSelinux { get; init; }
}
