namespace Kata.Guest.Agent;

/// <summary>Where things are in a guest. The runtime knows these paths and sends them.</summary>
internal static class GuestPaths
{
    /// <summary>Everything that containers, storages and shares may use lies below.</summary>
    public const string Base = "/run/kata-containers";

    /// <summary>What belongs to the pod: <c>shm</c>, <c>ephemeral</c>, <c>storage</c>, <c>resolv.conf</c>.</summary>
    public const string Sandbox = Base + "/sandbox";

    public const string ResolvConf = Sandbox + "/resolv.conf";

    /// <summary>The directory shared with the host; files sent by CopyFile land here too.</summary>
    public const string Shared = Base + "/shared/containers";

    /// <summary>The OCI runtime's own state.</summary>
    public const string RuntimeState = "/run/crun";

    public static string Bundle(string containerId) => $"{Base}/{containerId}";
}
