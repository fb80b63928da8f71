using System.Globalization;
using System.Text.RegularExpressions;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>What is under test, from <c>KATA_E2E_*</c> variables or the build's usual places.</summary>
internal sealed class Settings
{
    public const string DefaultRuntime = "io.containerd.kata.v2";

    private static readonly string Root = FindRepositoryRoot();

    /// <summary>Runtime name, or the absolute path of a shim.</summary>
    public string Runtime { get; } = Variable("KATA_E2E_RUNTIME") ?? DefaultRuntime;

    /// <summary>Whether containers run in a VM of ours; otherwise the scenarios are being checked against another runtime.</summary>
    public bool IsKata => Runtime.Contains("kata", StringComparison.Ordinal);

    /// <summary>The hypervisor of the VMs: <c>qemu</c>, or <c>dragonball</c> in the shim's own process.</summary>
    public string Hypervisor { get; } = Variable("KATA_E2E_HYPERVISOR") ?? "qemu";

    public bool IsInProcess => Hypervisor == "dragonball";

    /// <summary>How much slower than a usual machine this one is: all patience is multiplied by it.</summary>
    public static double TimeFactor { get; } = double.Parse(Variable("KATA_E2E_TIME_FACTOR") ?? "1", CultureInfo.InvariantCulture);

    public string Shim => Variable("KATA_E2E_SHIM") ?? Artifact($"{(IsInProcess ? "shim-dragonball" : "shim")}/containerd-shim-kata-v2");

    public string Kernel { get; } = Variable("KATA_E2E_KERNEL") ?? Artifact("guest/vmlinuz");

    public string Initrd { get; } = Variable("KATA_E2E_INITRD") ?? Artifact("guest/initrd.img");

    public string Qemu { get; } = Variable("KATA_E2E_QEMU") ?? "/usr/bin/qemu-system-x86_64";

    public string VirtioFsDaemon { get; } =
        Variable("KATA_E2E_VIRTIOFSD") ?? FirstExisting("/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd") ?? "/usr/libexec/virtiofsd";

    /// <summary>A directory that keeps containerd's log, the shim's logs and failed runs; none when unset.</summary>
    public string? LogDirectory { get; } = Variable("KATA_E2E_LOGS");

    /// <summary>The first thing that is missing on this machine, or null.</summary>
    public string? MissingPrerequisite()
    {
        if (!Environment.IsPrivilegedProcess)
            return "root";
        string[] tools = ["containerd", "ctr", "unshare", "nsenter", "busybox"];
        if (tools.FirstOrDefault(t => Find(t) is null) is { } tool)
            return $"{tool} in PATH";
        if (!IsKata)
            return null;
        string[] files = [Shim, Kernel, Initrd];
        if (!IsInProcess)
            files = [.. files, Qemu, VirtioFsDaemon];
        return files.FirstOrDefault(f => !File.Exists(f)) ?? (IsInProcess ? MissingKvm() : null);
    }

    /// <summary>/dev/kvm alone may be a software KVM, which does not run unmodified kernels.</summary>
    private static string? MissingKvm() =>
        File.Exists("/dev/kvm") && Regex.IsMatch(File.ReadAllText("/proc/cpuinfo"), @"^flags\s*:.* (svm|vmx)( |$)", RegexOptions.Multiline)
            ? null
            : "/dev/kvm on a CPU with svm or vmx; tests/run.sh lab runs these scenarios in the KVM lab";

    /// <summary>A time that is enough on a usual machine, for this one.</summary>
    public static TimeSpan Scaled(double seconds) => TimeSpan.FromSeconds(seconds * TimeFactor);

    public static string? Find(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':')
        .Select(d => Path.Combine(d, tool))
        .FirstOrDefault(File.Exists);

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string Artifact(string path) => Path.Combine(Root, "artifacts", path);

    private static string? FirstExisting(params string[] paths) => paths.FirstOrDefault(File.Exists);

    private static string FindRepositoryRoot()
    {
        for (var d = new DirectoryInfo(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "Kata.slnx")))
                return d.FullName;
        }

        return AppContext.BaseDirectory;
    }
}
