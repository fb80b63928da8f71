using AgentOci = Kata.Protocols.Agent.Oci;

namespace Kata.Protocols.Agent;

public static partial class OciConversion
{
    /// <summary>Converts a process for the agent.</summary>
    public static AgentOci.Process ToAgent(this Kata.Protocols.Oci.Process process)
    {
        var agent = new AgentOci.Process
        {
            Terminal = process.Terminal,
            ConsoleSize = process.ConsoleSize is { } size ? new AgentOci.Box { Height = size.Height, Width = size.Width } : null,
            User = process.User is { } user ? ToAgent(user) : null,
            Cwd = process.Cwd ?? "",
            Capabilities = process.Capabilities is { } capabilities ? ToAgent(capabilities) : null,
            NoNewPrivileges = process.NoNewPrivileges,
            ApparmorProfile = process.ApparmorProfile ?? "",
            OOMScoreAdj = process.OomScoreAdj ?? 0,
            SelinuxLabel = process.SelinuxLabel ?? "",
        };
        agent.Args.AddAll(process.Args);
        agent.Env.AddAll(process.Env);
        agent.Rlimits.AddAll(process.Rlimits, r => new AgentOci.POSIXRlimit { Type = r.Type ?? "", Hard = r.Hard, Soft = r.Soft });
        return agent;
    }

    /// <summary>Converts an agent's process back.</summary>
    public static Kata.Protocols.Oci.Process ToOci(this AgentOci.Process process) => new()
    {
        Terminal = process.Terminal,
        ConsoleSize = process.ConsoleSize is { } size ? new() { Height = size.Height, Width = size.Width } : null,
        User = process.User is { } user ? ToOci(user) : null,
        Args = process.Args.ListOrNull(),
        Env = process.Env.ListOrNull(),
        Cwd = process.Cwd,
        Capabilities = process.Capabilities is { } capabilities ? ToOci(capabilities) : null,
        Rlimits = process.Rlimits.SelectOrNull(r => new Kata.Protocols.Oci.PosixRlimit { Type = r.Type, Hard = r.Hard, Soft = r.Soft }),
        NoNewPrivileges = process.NoNewPrivileges,
        ApparmorProfile = process.ApparmorProfile.NullIfEmpty(),
        // Always set: a container must not inherit the agent's own score.
        OomScoreAdj = (int)Math.Clamp(process.OOMScoreAdj, -1000, 1000),
        SelinuxLabel = process.SelinuxLabel.NullIfEmpty(),
    };

    private static AgentOci.User ToAgent(Kata.Protocols.Oci.User user)
    {
        var agent = new AgentOci.User { UID = user.Uid, GID = user.Gid, Username = user.Username ?? "" };
        agent.AdditionalGids.AddAll(user.AdditionalGids);
        return agent;
    }

    private static Kata.Protocols.Oci.User ToOci(AgentOci.User user) => new()
    {
        Uid = user.UID,
        Gid = user.GID,
        AdditionalGids = user.AdditionalGids.ListOrNull(),
        Username = user.Username.NullIfEmpty(),
    };

    private static AgentOci.LinuxCapabilities ToAgent(Kata.Protocols.Oci.LinuxCapabilities capabilities)
    {
        var agent = new AgentOci.LinuxCapabilities();
        agent.Bounding.AddAll(capabilities.Bounding);
        agent.Effective.AddAll(capabilities.Effective);
        agent.Inheritable.AddAll(capabilities.Inheritable);
        agent.Permitted.AddAll(capabilities.Permitted);
        agent.Ambient.AddAll(capabilities.Ambient);
        return agent;
    }

    private static Kata.Protocols.Oci.LinuxCapabilities ToOci(AgentOci.LinuxCapabilities capabilities) => new()
    {
        Bounding = capabilities.Bounding.ListOrNull(),
        Effective = capabilities.Effective.ListOrNull(),
        Inheritable = capabilities.Inheritable.ListOrNull(),
        Permitted = capabilities.Permitted.ListOrNull(),
        Ambient = capabilities.Ambient.ListOrNull(),
    };
}
