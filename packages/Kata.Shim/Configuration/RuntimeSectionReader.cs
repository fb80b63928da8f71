namespace Kata.Shim.Configuration;

/// <summary>Reads <c>[runtime]</c>. Unknown keys are reported.</summary>
internal static class RuntimeSectionReader
{
    /// <summary>Reads the section. <c>hypervisor_name</c> and <c>agent_name</c> were read before.</summary>
    public static RuntimeConfiguration Read(ConfigurationSection section, ICollection<string> warnings)
    {
        // One runtime handler exists, under the names of all of upstream's spellings.
        _ = section.OneOf("name", "virt_container", "virt_container", "virt-container");
        var configuration = new RuntimeConfiguration
        {
            Debug = section.Flag("enable_debug") | section.OneOf("log_level", "info", "trace", "debug", "info", "warn", "error", "critical") is "debug" or "trace",
            NetworkModel = NetworkModelOf(section),
            DisableNewNetworkNamespace = section.Flag("disable_new_netns"),
            SandboxCgroupOnly = section.Flag("sandbox_cgroup_only", true),
            StaticSizing = section.Flag("static_sandbox_resource_mgmt", true),
            DisableGuestSeccomp = section.Flag("disable_guest_seccomp"),
            KeepAbnormal = section.Flag("keep_abnormal"),
        };
        if (!configuration.StaticSizing)
        {
            warnings.Add(
                $"{section.SourceOf("static_sandbox_resource_mgmt")}: {section.Name}.static_sandbox_resource_mgmt is false, but VMs do not grow while they run yet; "
                + "the VM keeps the default size.");
        }

        return configuration with { OtherKeys = UnreadKeys.Collect(section, KnownKeys.Runtime, warnings) };
    }

    private static NetworkModel NetworkModelOf(ConfigurationSection section)
    {
        const string Key = "internetworking_model";
        return section.OneOf(Key, "tcfilter", "tcfilter", "none", "macvtap", "l3forwarding") switch
        {
            "tcfilter" => NetworkModel.TcFilter,
            "l3forwarding" => throw section.Error(Key, "l3forwarding is not supported; use tcfilter."),
            // Upstream accepts macvtap and does nothing for it.
            _ => NetworkModel.None,
        };
    }
}
