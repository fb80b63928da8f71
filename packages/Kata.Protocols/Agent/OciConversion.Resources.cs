using AgentOci = Kata.Protocols.Agent.Oci;
using O = Kata.Protocols.Oci;

namespace Kata.Protocols.Agent;

public static partial class OciConversion
{
    /// <summary>Converts resources for the agent.</summary>
    public static AgentOci.LinuxResources ToAgent(this O.LinuxResources resources)
    {
        var agent = new AgentOci.LinuxResources
        {
            Memory = resources.Memory is { } memory ? ToAgent(memory) : null,
            CPU = resources.Cpu is { } cpu ? ToAgent(cpu) : null,
            Pids = resources.Pids is { } pids ? new AgentOci.LinuxPids { Limit = pids.Limit ?? 0 } : null,
            BlockIO = resources.BlockIo is { } blockIo ? ToAgent(blockIo) : null,
            Network = resources.Network is { } network ? ToAgent(network) : null,
        };
        agent.Devices.AddAll(resources.Devices, d => new AgentOci.LinuxDeviceCgroup
        {
            Allow = d.Allow,
            Type = d.Type ?? "",
            Major = d.Major ?? 0,
            Minor = d.Minor ?? 0,
            Access = d.Access ?? "",
        });
        agent.HugepageLimits.AddAll(
            resources.HugepageLimits,
            h => new AgentOci.LinuxHugepageLimit { Pagesize = h.PageSize ?? "", Limit = h.Limit });
        return agent;
    }

    /// <summary>Converts an agent's resources back. Zero is "not set"; -1 stays and lifts a limit.</summary>
    public static O.LinuxResources ToOci(this AgentOci.LinuxResources resources) => new()
    {
        Devices = resources.Devices.SelectOrNull(d => new O.LinuxDeviceCgroup
        {
            Allow = d.Allow,
            Type = d.Type.NullIfEmpty(),
            Major = d.Major > 0 ? d.Major : null,
            Minor = d.Minor > 0 ? d.Minor : null,
            Access = d.Access.NullIfEmpty(),
        }),
        Memory = resources.Memory is { } memory ? ToOci(memory) : null,
        Cpu = resources.CPU is { } cpu ? ToOci(cpu) : null,
        Pids = resources.Pids is { Limit: not 0 } pids ? new() { Limit = pids.Limit } : null,
        BlockIo = resources.BlockIO is { } blockIo ? ToOci(blockIo) : null,
        HugepageLimits = resources.HugepageLimits.SelectOrNull(
            h => new O.LinuxHugepageLimit { PageSize = h.Pagesize, Limit = h.Limit }),
        Network = resources.Network is { } network ? ToOci(network) : null,
    };

    private static AgentOci.LinuxMemory ToAgent(O.LinuxMemory memory) => new()
    {
        Limit = memory.Limit ?? 0,
        Reservation = memory.Reservation ?? 0,
        Swap = memory.Swap ?? 0,
        Kernel = memory.Kernel ?? 0,
        KernelTCP = memory.KernelTcp ?? 0,
        Swappiness = memory.Swappiness ?? 0,
        DisableOOMKiller = memory.DisableOomKiller ?? false,
    };

    private static O.LinuxMemory ToOci(AgentOci.LinuxMemory memory) => new()
    {
        Limit = memory.Limit.NullIfZero(),
        Reservation = memory.Reservation.NullIfZero(),
        Swap = memory.Swap.NullIfZero(),
        Kernel = memory.Kernel.NullIfZero(),
        KernelTcp = memory.KernelTCP.NullIfZero(),
        Swappiness = memory.Swappiness.NullIfZero(),
        DisableOomKiller = memory.DisableOOMKiller ? true : null,
    };

    private static AgentOci.LinuxCPU ToAgent(O.LinuxCpu cpu) => new()
    {
        Shares = cpu.Shares ?? 0,
        Quota = cpu.Quota ?? 0,
        Period = cpu.Period ?? 0,
        RealtimeRuntime = cpu.RealtimeRuntime ?? 0,
        RealtimePeriod = cpu.RealtimePeriod ?? 0,
        Cpus = cpu.Cpus ?? "",
        Mems = cpu.Mems ?? "",
    };

    private static O.LinuxCpu ToOci(AgentOci.LinuxCPU cpu) => new()
    {
        Shares = cpu.Shares.NullIfZero(),
        Quota = cpu.Quota.NullIfZero(),
        Period = cpu.Period.NullIfZero(),
        RealtimeRuntime = cpu.RealtimeRuntime.NullIfZero(),
        RealtimePeriod = cpu.RealtimePeriod.NullIfZero(),
        Cpus = cpu.Cpus.NullIfEmpty(),
        Mems = cpu.Mems.NullIfEmpty(),
    };

    private static AgentOci.LinuxBlockIO ToAgent(O.LinuxBlockIo blockIo)
    {
        var agent = new AgentOci.LinuxBlockIO { Weight = blockIo.Weight ?? 0, LeafWeight = blockIo.LeafWeight ?? 0 };
        agent.WeightDevice.AddAll(blockIo.WeightDevice, w => new AgentOci.LinuxWeightDevice
        {
            Major = w.Major,
            Minor = w.Minor,
            Weight = w.Weight ?? 0,
            LeafWeight = w.LeafWeight ?? 0,
        });
        agent.ThrottleReadBpsDevice.AddAll(blockIo.ThrottleReadBpsDevice, ToAgent);
        agent.ThrottleWriteBpsDevice.AddAll(blockIo.ThrottleWriteBpsDevice, ToAgent);
        agent.ThrottleReadIOPSDevice.AddAll(blockIo.ThrottleReadIopsDevice, ToAgent);
        agent.ThrottleWriteIOPSDevice.AddAll(blockIo.ThrottleWriteIopsDevice, ToAgent);
        return agent;
    }

    private static O.LinuxBlockIo ToOci(AgentOci.LinuxBlockIO blockIo) => new()
    {
        Weight = Weight(blockIo.Weight),
        LeafWeight = Weight(blockIo.LeafWeight),
        WeightDevice = blockIo.WeightDevice.SelectOrNull(w => new O.LinuxWeightDevice
        {
            Major = w.Major,
            Minor = w.Minor,
            Weight = Weight(w.Weight),
            LeafWeight = Weight(w.LeafWeight),
        }),
        ThrottleReadBpsDevice = blockIo.ThrottleReadBpsDevice.SelectOrNull(ToOci),
        ThrottleWriteBpsDevice = blockIo.ThrottleWriteBpsDevice.SelectOrNull(ToOci),
        ThrottleReadIopsDevice = blockIo.ThrottleReadIOPSDevice.SelectOrNull(ToOci),
        ThrottleWriteIopsDevice = blockIo.ThrottleWriteIOPSDevice.SelectOrNull(ToOci),
    };

    private static AgentOci.LinuxThrottleDevice ToAgent(O.LinuxThrottleDevice device) =>
        new() { Major = device.Major, Minor = device.Minor, Rate = device.Rate };

    private static O.LinuxThrottleDevice ToOci(AgentOci.LinuxThrottleDevice device) =>
        new() { Major = device.Major, Minor = device.Minor, Rate = device.Rate };

    private static AgentOci.LinuxNetwork ToAgent(O.LinuxNetwork network)
    {
        var agent = new AgentOci.LinuxNetwork { ClassID = network.ClassId ?? 0 };
        agent.Priorities.AddAll(
            network.Priorities,
            p => new AgentOci.LinuxInterfacePriority { Name = p.Name ?? "", Priority = p.Priority });
        return agent;
    }

    private static O.LinuxNetwork ToOci(AgentOci.LinuxNetwork network) => new()
    {
        ClassId = network.ClassID.NullIfZero(),
        Priorities = network.Priorities.SelectOrNull(p => new O.LinuxInterfacePriority { Name = p.Name, Priority = p.Priority }),
    };

    private static ushort? Weight(uint weight) => weight == 0 ? null : (ushort)Math.Min(weight, ushort.MaxValue);
}
