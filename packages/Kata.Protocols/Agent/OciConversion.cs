using AgentOci = Kata.Protocols.Agent.Oci;

namespace Kata.Protocols.Agent;

/// <summary>Converts between the runtime-spec records and the agent's protobuf form of them.</summary>
/// <remarks>The protobuf form has no optional scalars: absent becomes zero or empty on the way in, and zero limits or empty text become
/// absent on the way out. What the protobuf form has no field for (umask, idmapped mounts, RDMA, cgroup v2 files, time offsets, the
/// default errno of seccomp and the like) does not survive.</remarks>
public static partial class OciConversion
{
    /// <summary>Converts a configuration for the agent.</summary>
    public static AgentOci.Spec ToAgent(this Kata.Protocols.Oci.Spec spec)
    {
        var agent = new AgentOci.Spec
        {
            Version = spec.OciVersion ?? "",
            Process = spec.Process?.ToAgent(),
            Root = spec.Root is { } root ? new AgentOci.Root { Path = root.Path ?? "", Readonly = root.Readonly } : null,
            Hostname = spec.Hostname ?? "",
            Hooks = spec.Hooks is { } hooks ? ToAgent(hooks) : null,
            Linux = spec.Linux is { } linux ? ToAgent(linux) : null,
        };
        agent.Mounts.AddAll(spec.Mounts, ToAgent);
        agent.Annotations.AddAll(spec.Annotations);
        return agent;
    }

    /// <summary>Converts an agent's configuration back, such as for an OCI runtime in the guest.</summary>
    public static Kata.Protocols.Oci.Spec ToOci(this AgentOci.Spec spec) => new()
    {
        OciVersion = spec.Version,
        Process = spec.Process?.ToOci(),
        Root = spec.Root is { } root ? new() { Path = root.Path, Readonly = root.Readonly } : null,
        Hostname = spec.Hostname.NullIfEmpty(),
        Mounts = spec.Mounts.SelectOrNull(ToOci),
        Hooks = spec.Hooks is { } hooks ? ToOci(hooks) : null,
        Annotations = spec.Annotations.ToDictionaryOrNull(),
        Linux = spec.Linux is { } linux ? ToOci(linux) : null,
    };

    private static AgentOci.Mount ToAgent(Kata.Protocols.Oci.Mount mount)
    {
        var agent = new AgentOci.Mount
        {
            Destination = mount.Destination ?? "",
            Source = mount.Source ?? "",
            Type = mount.Type ?? "",
        };
        agent.Options.AddAll(mount.Options);
        return agent;
    }

    private static Kata.Protocols.Oci.Mount ToOci(AgentOci.Mount mount) => new()
    {
        Destination = mount.Destination,
        Source = mount.Source.NullIfEmpty(),
        Type = mount.Type.NullIfEmpty(),
        Options = mount.Options.ListOrNull(),
    };

    private static AgentOci.Hooks ToAgent(Kata.Protocols.Oci.Hooks hooks)
    {
        var agent = new AgentOci.Hooks();
        agent.Prestart.AddAll(hooks.Prestart, ToAgent);
        agent.CreateRuntime.AddAll(hooks.CreateRuntime, ToAgent);
        agent.CreateContainer.AddAll(hooks.CreateContainer, ToAgent);
        agent.StartContainer.AddAll(hooks.StartContainer, ToAgent);
        agent.Poststart.AddAll(hooks.Poststart, ToAgent);
        agent.Poststop.AddAll(hooks.Poststop, ToAgent);
        return agent;
    }

    private static Kata.Protocols.Oci.Hooks ToOci(AgentOci.Hooks hooks) => new()
    {
        Prestart = hooks.Prestart.SelectOrNull(ToOci),
        CreateRuntime = hooks.CreateRuntime.SelectOrNull(ToOci),
        CreateContainer = hooks.CreateContainer.SelectOrNull(ToOci),
        StartContainer = hooks.StartContainer.SelectOrNull(ToOci),
        Poststart = hooks.Poststart.SelectOrNull(ToOci),
        Poststop = hooks.Poststop.SelectOrNull(ToOci),
    };

    private static AgentOci.Hook ToAgent(Kata.Protocols.Oci.Hook hook)
    {
        var agent = new AgentOci.Hook { Path = hook.Path ?? "", Timeout = hook.Timeout ?? 0 };
        agent.Args.AddAll(hook.Args);
        agent.Env.AddAll(hook.Env);
        return agent;
    }

    private static Kata.Protocols.Oci.Hook ToOci(AgentOci.Hook hook) => new()
    {
        Path = hook.Path,
        Args = hook.Args.ListOrNull(),
        Env = hook.Env.ListOrNull(),
        Timeout = hook.Timeout is > 0 and <= int.MaxValue ? (int)hook.Timeout : null,
    };
}
