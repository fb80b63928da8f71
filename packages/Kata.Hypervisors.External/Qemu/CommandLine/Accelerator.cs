using Kata.Linux;

namespace Kata.Hypervisors.External.Qemu.CommandLine;

/// <summary>What executes the guest's instructions.</summary>
/// <param name="Name">QEMU's name: <c>kvm</c> or <c>tcg</c>.</param>
/// <param name="WhyNotKvm">Why it is not KVM; null when it is.</param>
internal sealed record Accelerator(string Name, string? WhyNotKvm)
{
    /// <summary>Hardware virtualisation.</summary>
    public static Accelerator Kvm { get; } = new("kvm", null);

    public bool IsKvm => WhyNotKvm is null;

    /// <summary>The CPU model: everything that the accelerator can offer.</summary>
    public string CpuModel => IsKvm ? "host" : "max";

    /// <summary>
    /// KVM when the host's can run an unmodified kernel. A /dev/kvm on a CPU that shows neither svm nor vmx is a software KVM, which cannot.
    /// </summary>
    public static Accelerator Detect(string kvmPath = "/dev/kvm", string cpuInfoPath = CpuInfo.DefaultPath)
    {
        try
        {
            using var kvm = FileDescriptors.Open(kvmPath, OpenFlags.ReadWrite);
        }
        catch (LinuxException exception)
        {
            return new Accelerator("tcg", exception.Message);
        }

        return CpuInfo.Read(cpuInfoPath).Flags is var flags && (flags.Contains("svm") || flags.Contains("vmx"))
            ? Kvm
            : new Accelerator("tcg", $"{kvmPath} exists, but the CPU shows neither svm nor vmx, so it cannot run unmodified kernels");
    }
}
