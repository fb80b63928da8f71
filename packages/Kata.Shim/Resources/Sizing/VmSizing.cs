using Kata.Shim.Configuration;

namespace Kata.Shim.Resources.Sizing;

/// <summary>The sizing keys of a hypervisor's section, as the file or annotations give them; 0 stands for "not given".</summary>
/// <param name="DefaultVcpus"><c>default_vcpus</c>.</param>
/// <param name="DefaultMaxVcpus"><c>default_maxvcpus</c>.</param>
/// <param name="OverheadVcpus"><c>overhead_vcpus</c>.</param>
/// <param name="DefaultMemoryMib"><c>default_memory</c>.</param>
/// <param name="DefaultMaxMemoryMib"><c>default_maxmemory</c>.</param>
/// <param name="OverheadMemoryMib"><c>overhead_memory</c>.</param>
internal readonly record struct VmSizing(
    double DefaultVcpus, int DefaultMaxVcpus, double OverheadVcpus, ulong DefaultMemoryMib, ulong DefaultMaxMemoryMib, ulong OverheadMemoryMib)
{
    /// <summary>What Kata's files ship as <c>default_memory</c>.</summary>
    private const ulong ShippedMemoryMib = 2048;

    /// <summary>The size without regard to any workload: what the VM boots with when it may grow later.</summary>
    public VmSize Defaults(HostLimits host)
    {
        var vcpus = Ceiling(BootVcpus(host));
        var memory = DefaultMemoryMib == 0 ? ShippedMemoryMib : DefaultMemoryMib;
        var maxVcpus = DefaultMaxVcpus == 0 || DefaultMaxVcpus > host.Cpus ? host.Cpus : DefaultMaxVcpus;
        return new VmSize(vcpus, Math.Max(maxVcpus, vcpus), memory, Math.Max(DefaultMaxMemoryMib == 0 ? host.MemoryMib : DefaultMaxMemoryMib, memory));
    }

    /// <summary>
    /// The one size a VM has for all its life: what the workload asks for plus the overhead, or the defaults when it asks for nothing.
    /// </summary>
    public VmSize For(WorkloadSize workload, HostLimits host)
    {
        var size = Defaults(host);
        var vcpus = BootVcpus(host);
        var memory = size.MemoryMib;
        if (workload.Vcpus > 0 || workload.MemoryMib > 0)
        {
            vcpus = Math.Max(OverheadVcpus + workload.Vcpus, 1);
            memory = OverheadMemoryMib + workload.MemoryMib;
        }

        return new VmSize(Ceiling(vcpus), Ceiling(vcpus), memory, Math.Max(size.MaxMemoryMib, memory));
    }

    private double BootVcpus(HostLimits host) => DefaultVcpus == 0 ? 1 : DefaultVcpus < 0 || DefaultVcpus > host.Cpus ? host.Cpus : DefaultVcpus;

    private static int Ceiling(double vcpus) => (int)Math.Clamp(Math.Ceiling(vcpus), 1, 1 << 16);
}
