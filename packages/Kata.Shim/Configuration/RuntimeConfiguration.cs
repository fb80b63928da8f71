namespace Kata.Shim.Configuration;

/// <summary>The <c>[runtime]</c> section.</summary>
internal sealed record RuntimeConfiguration
{
    /// <summary><c>enable_debug</c> or a <c>log_level</c> of debug or trace: the shim logs at debug level.</summary>
    public bool Debug { get; init; }

    /// <summary><c>internetworking_model</c>.</summary>
    public NetworkModel NetworkModel { get; init; } = NetworkModel.TcFilter;

    /// <summary><c>disable_new_netns</c>: no network namespace is made, entered or scanned.</summary>
    public bool DisableNewNetworkNamespace { get; init; }

    /// <summary><c>sandbox_cgroup_only</c>: everything of the sandbox runs in its one cgroup; otherwise only the VMM does, and the rest in a second one.</summary>
    public bool SandboxCgroupOnly { get; init; } = true;

    /// <summary><c>static_sandbox_resource_mgmt</c>: the VM gets its size once, before boot.</summary>
    public bool StaticSizing { get; init; } = true;

    /// <summary><c>disable_guest_seccomp</c>: seccomp profiles are not sent to the guest.</summary>
    public bool DisableGuestSeccomp { get; init; }

    /// <summary><c>keep_abnormal</c>: leave everything in place after a failure, for debugging.</summary>
    public bool KeepAbnormal { get; init; }

    /// <summary>Every other key with its value as text.</summary>
    public IReadOnlyDictionary<string, string> OtherKeys { get; init; } = new Dictionary<string, string>();
}
