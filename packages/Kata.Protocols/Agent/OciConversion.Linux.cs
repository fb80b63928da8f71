using AgentOci = Kata.Protocols.Agent.Oci;
using O = Kata.Protocols.Oci;

namespace Kata.Protocols.Agent;

public static partial class OciConversion
{
    private static AgentOci.Linux ToAgent(O.LinuxConfiguration linux)
    {
        var agent = new AgentOci.Linux
        {
            Resources = linux.Resources?.ToAgent(),
            CgroupsPath = linux.CgroupsPath ?? "",
            Seccomp = linux.Seccomp is { } seccomp ? ToAgent(seccomp) : null,
            RootfsPropagation = linux.RootfsPropagation ?? "",
            MountLabel = linux.MountLabel ?? "",
            IntelRdt = linux.IntelRdt is { } rdt ? new AgentOci.LinuxIntelRdt { L3CacheSchema = rdt.L3CacheSchema ?? "" } : null,
        };
        agent.UIDMappings.AddAll(linux.UidMappings, ToAgent);
        agent.GIDMappings.AddAll(linux.GidMappings, ToAgent);
        agent.Sysctl.AddAll(linux.Sysctl);
        agent.Namespaces.AddAll(linux.Namespaces, n => new AgentOci.LinuxNamespace { Type = n.Type ?? "", Path = n.Path ?? "" });
        agent.Devices.AddAll(linux.Devices, ToAgent);
        agent.MaskedPaths.AddAll(linux.MaskedPaths);
        agent.ReadonlyPaths.AddAll(linux.ReadonlyPaths);
        return agent;
    }

    private static O.LinuxConfiguration ToOci(AgentOci.Linux linux) => new()
    {
        UidMappings = linux.UIDMappings.SelectOrNull(ToOci),
        GidMappings = linux.GIDMappings.SelectOrNull(ToOci),
        Sysctl = linux.Sysctl.ToDictionaryOrNull(),
        Resources = linux.Resources?.ToOci(),
        CgroupsPath = linux.CgroupsPath.NullIfEmpty(),
        Namespaces = linux.Namespaces.SelectOrNull(n => new O.LinuxNamespace { Type = n.Type, Path = n.Path.NullIfEmpty() }),
        Devices = linux.Devices.SelectOrNull(ToOci),
        Seccomp = linux.Seccomp is { } seccomp ? ToOci(seccomp) : null,
        RootfsPropagation = linux.RootfsPropagation.NullIfEmpty(),
        MaskedPaths = linux.MaskedPaths.ListOrNull(),
        ReadonlyPaths = linux.ReadonlyPaths.ListOrNull(),
        MountLabel = linux.MountLabel.NullIfEmpty(),
        IntelRdt = linux.IntelRdt is { } rdt ? new() { L3CacheSchema = rdt.L3CacheSchema.NullIfEmpty() } : null,
    };

    private static AgentOci.LinuxIDMapping ToAgent(O.LinuxIdMapping mapping) =>
        new() { HostID = mapping.HostId, ContainerID = mapping.ContainerId, Size = mapping.Size };

    private static O.LinuxIdMapping ToOci(AgentOci.LinuxIDMapping mapping) =>
        new() { HostId = mapping.HostID, ContainerId = mapping.ContainerID, Size = mapping.Size };

    private static AgentOci.LinuxDevice ToAgent(O.LinuxDevice device) => new()
    {
        Path = device.Path ?? "",
        Type = device.Type ?? "",
        Major = device.Major,
        Minor = device.Minor,
        FileMode = device.FileMode ?? 0,
        UID = device.Uid ?? 0,
        GID = device.Gid ?? 0,
    };

    private static O.LinuxDevice ToOci(AgentOci.LinuxDevice device) => new()
    {
        Path = device.Path,
        Type = device.Type,
        Major = device.Major,
        Minor = device.Minor,
        FileMode = device.FileMode.NullIfZero(),
        Uid = device.UID,
        Gid = device.GID,
    };

    private static AgentOci.LinuxSeccomp ToAgent(O.LinuxSeccomp seccomp)
    {
        var agent = new AgentOci.LinuxSeccomp { DefaultAction = seccomp.DefaultAction ?? "" };
        agent.Architectures.AddAll(seccomp.Architectures);
        agent.Flags.AddAll(seccomp.Flags);
        agent.Syscalls.AddAll(seccomp.Syscalls, ToAgent);
        return agent;
    }

    private static O.LinuxSeccomp ToOci(AgentOci.LinuxSeccomp seccomp) => new()
    {
        DefaultAction = seccomp.DefaultAction,
        Architectures = seccomp.Architectures.ListOrNull(),
        Flags = seccomp.Flags.ListOrNull(),
        Syscalls = seccomp.Syscalls.SelectOrNull(ToOci),
    };

    private static AgentOci.LinuxSyscall ToAgent(O.LinuxSyscall syscall)
    {
        // Present even when zero: the agent expects the member.
        var agent = new AgentOci.LinuxSyscall { Action = syscall.Action ?? "", Errnoret = syscall.ErrnoRet ?? 0 };
        agent.Names.AddAll(syscall.Names);
        agent.Args.AddAll(syscall.Args, a => new AgentOci.LinuxSeccompArg
        {
            Index = a.Index,
            Value = a.Value,
            ValueTwo = a.ValueTwo,
            Op = a.Op ?? "",
        });
        return agent;
    }

    private static O.LinuxSyscall ToOci(AgentOci.LinuxSyscall syscall) => new()
    {
        Names = syscall.Names.ListOrNull(),
        Action = syscall.Action,
        // Zero means "not given": passed on, it would turn a refused call into one that seems to succeed.
        ErrnoRet = syscall.Errnoret.NullIfZero(),
        Args = syscall.Args.SelectOrNull(a => new O.LinuxSeccompArg
        {
            Index = a.Index > 5 ? throw new ArgumentException($"Seccomp argument index {a.Index} is out of range.") : (uint)a.Index,
            Value = a.Value,
            ValueTwo = a.ValueTwo,
            Op = a.Op,
        }),
    };
}
