using Kata.Abstractions;
using Kata.Linux;
using Kata.Vmm.Dragonball.Kvm;

namespace Kata.Vmm.Dragonball.Machines;

/// <summary>Whether this host can run microVMs.</summary>
internal static class HostCheck
{
    private const string CpuInformation = "/proc/cpuinfo";

    private const string SoftwareKvm =
        "The processor shows neither vmx nor svm, so KVM interprets guests here: a distribution's kernel may take hours to boot, "
        + "or never do. Enable virtualization in the firmware, or in the host of this VM.";

    private static readonly (KvmCapability Capability, string Name)[] Required =
    [
        (KvmCapability.Irqchip, "KVM_CAP_IRQCHIP"),
        (KvmCapability.UserMemory, "KVM_CAP_USER_MEMORY"),
        (KvmCapability.SetTssAddress, "KVM_CAP_SET_TSS_ADDR"),
        (KvmCapability.ExtendedCpuid, "KVM_CAP_EXT_CPUID"),
        (KvmCapability.IrqFd, "KVM_CAP_IRQFD"),
        (KvmCapability.IoEventFd, "KVM_CAP_IOEVENTFD"),
        (KvmCapability.ImmediateExit, "KVM_CAP_IMMEDIATE_EXIT"),
    ];

    /// <summary>Everything worth telling, without making a machine.</summary>
    public static IReadOnlyList<HostFinding> Run()
    {
        try
        {
            using var kvm = KvmSystem.Open();
            var findings = Missing(kvm).Select(problem => new HostFinding(problem, IsFatal: true)).ToList();
            if (!HasHardwareVirtualization())
                findings.Add(new HostFinding(SoftwareKvm, IsFatal: false));
            if (FileDescriptors.Status("/dev/net/tun") is null)
                findings.Add(new HostFinding("/dev/net/tun does not exist; load the module tun for guests with networks.", IsFatal: false));
            return findings;
        }
        catch (LinuxException e)
        {
            return [new HostFinding(Explain(e), IsFatal: true)];
        }
    }

    /// <summary>Opens KVM for a machine.</summary>
    /// <exception cref="MicroVmException">It is not there, not allowed, or lacks something.</exception>
    /// <exception cref="MicroVmOptionException">The machine is larger than it allows.</exception>
    public static KvmSystem Open(MicroVmOptions options)
    {
        KvmSystem kvm;
        try
        {
            kvm = KvmSystem.Open();
        }
        catch (LinuxException e)
        {
            throw new MicroVmException(Explain(e), e, KataErrorKind.FailedPrecondition);
        }

        try
        {
            if (Missing(kvm).FirstOrDefault() is { } problem)
                throw new MicroVmException(problem, null, KataErrorKind.FailedPrecondition);
            var most = Math.Max(kvm.Check(KvmCapability.RecommendedVcpus), kvm.Check(KvmCapability.MaxVcpus));
            if (options.VcpuCount > most)
            {
                throw new MicroVmOptionException(
                    nameof(options.VcpuCount), $"KVM of this host takes no {options.VcpuCount} vCPUs.", $"1 to {most}");
            }

            return kvm;
        }
        catch
        {
            kvm.Dispose();
            throw;
        }
    }

    private static IEnumerable<string> Missing(KvmSystem kvm)
    {
        if (kvm.GetApiVersion() is var version && version != KvmSystem.ApiVersion)
            yield return $"{KvmSystem.DevicePath} speaks version {version}; version {KvmSystem.ApiVersion} is needed.";
        foreach (var (capability, name) in Required)
        {
            if (kvm.Check(capability) <= 0)
                yield return $"KVM of this host lacks {name}; a newer kernel has it.";
        }
    }

    private static string Explain(LinuxException e) => e.Errno switch
    {
        Errno.ENOENT =>
            $"{e.Message}. Load the module kvm_intel or kvm_amd, and enable virtualization in the firmware, or in the host of this VM.",
        Errno.ENXIO or Errno.ENODEV => $"{e.Message}. The device node is there but no KVM behind it: load the module kvm_intel or kvm_amd.",
        Errno.EACCES or Errno.EPERM => $"{e.Message}. Run as root, or as a member of {OwningGroup()}.",
        _ => $"{e.Message}.",
    };

    private static string OwningGroup()
    {
        if (FileDescriptors.Status(KvmSystem.DevicePath) is not { } status)
            return "the group that owns it";
        const int nameField = 0;
        const int numberField = 2;
        var id = $"{status.Gid}";
        var entry = File.ReadLines("/etc/group").Select(line => line.Split(':'))
            .FirstOrDefault(fields => fields.Length > numberField && fields[numberField] == id);
        return entry is null ? $"group {id}" : $"group {entry[nameField]}";
    }

    /// <summary>Whether the processor runs guests itself; without that a distribution's kernel takes hours.</summary>
    public static bool HasHardwareVirtualization()
    {
        var line = File.ReadLines(CpuInformation).FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal));
        var flags = line?.Split(' ') ?? [];
        return flags.Contains("vmx") || flags.Contains("svm");
    }
}
