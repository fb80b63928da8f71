namespace Kata.Shim.Resources.SharedFs;

/// <summary>Places in the guest that runtime and agent agree on.</summary>
internal static class GuestPaths
{
    /// <summary>The virtio-fs tag of the shared directory.</summary>
    public const string SharedTag = "kataShared";

    /// <summary>Where the agent mounts it.</summary>
    public const string Shared = "/run/kata-containers/shared/containers/";

    /// <summary>The sandbox's shared memory, behind every container's <c>/dev/shm</c>.</summary>
    public const string SharedMemory = "/run/kata-containers/sandbox/shm";

    /// <summary>Below the shared directory: what is bound there from the host.</summary>
    public const string Passthrough = "passthrough";

    /// <summary>Where the guest sees something shared under a name.</summary>
    public static string Of(string name) => $"{Shared}{Passthrough}/{name}";
}
