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

    public string Shim { get; } = Variable("KATA_E2E_SHIM") ?? Artifact("shim/containerd-shim-kata-v2");

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
        string[] files = [Shim, Kernel, Initrd, Qemu, VirtioFsDaemon];
        return files.FirstOrDefault(f => !File.Exists(f));
    }

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
