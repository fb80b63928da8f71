using System.Globalization;

namespace Kata.Guest.Image;

/// <summary><c>kata-guest build</c>.</summary>
internal static class BuildCommand
{
    public const string Help =
        """
        Usage: kata-guest build (--kernel-package DEB | --kernel FILE [--modules DIR]) [options]

        Makes the guest that Kata boots, from a stock distribution kernel: DIR/vmlinuz, DIR/initrd.img
        (the agent as /init, the modules a guest needs, crun with its libraries) and DIR/guest.json,
        which says what is inside.

          --kernel-package DEB   take kernel and modules from a Debian kernel package (needs dpkg-deb)
          --kernel FILE          the kernel
          --modules DIR          its modules (default: /lib/modules/RELEASE of that kernel)
          --output DIR           where to write (default: guest)
          --agent FILE           the static program that becomes /init (default: this program)
          --crun FILE            the OCI runtime of the guest (default: crun from PATH)
          --add-module NAME      one more module, with what it depends on; may be repeated
          --compress HOW         none, gzip or zstd (default: none, the fastest to boot)
          -h, --help             show this help

        Modules compressed with xz, zstd or gzip are unpacked with the tool of that name.
        """;

    private static readonly string[] _options =
        ["--kernel-package", "--kernel", "--modules", "--output", "--agent", "--crun", "--add-module", "--compress"];

    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        GuestCommandLine line = GuestCommandLine.Parse(args, _options, repeatable: ["--add-module"]);
        if (line.Help)
        {
            await output.WriteLineAsync(Help);
            return 0;
        }

        ImageCompression compression = line.Value("--compress") switch
        {
            null or "none" => ImageCompression.None,
            "gzip" => ImageCompression.Gzip,
            "zstd" => ImageCompression.Zstd,
            string other => throw new GuestUsageException($"--compress '{other}' is not one of none, gzip, zstd."),
        };
        using KernelSource kernel = await OpenKernelAsync(line, cancellationToken);
        GuestImageManifest manifest = await GuestImageBuilder.BuildAsync(
            new GuestImageOptions
            {
                Kernel = kernel.Kernel,
                Modules = kernel.Modules,
                Agent = line.Value("--agent") ?? "/proc/self/exe",
                Crun = line.Value("--crun") ?? FindCrun(),
                Output = line.Value("--output") ?? "guest",
                ExtraModules = line.Values("--add-module"),
                Compression = compression,
            },
            cancellationToken);
        await output.WriteLineAsync(Summary(manifest));
        return 0;
    }

    private static async Task<KernelSource> OpenKernelAsync(GuestCommandLine line, CancellationToken cancellationToken)
    {
        string? package = line.Value("--kernel-package"), kernel = line.Value("--kernel"), modules = line.Value("--modules");
        if (package is not null)
        {
            if (kernel is not null || modules is not null)
                throw new GuestUsageException("--kernel-package brings kernel and modules along: leave --kernel and --modules out.");
            return await KernelSource.FromPackageAsync(package, cancellationToken);
        }

        if (kernel is null) throw new GuestUsageException("Name a kernel with --kernel-package or --kernel.");
        return KernelSource.FromFiles(kernel, modules);
    }

    private static string FindCrun() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, "crun"))
            .FirstOrDefault(File.Exists)
        ?? throw new GuestImageException("crun is not in PATH: install it (Debian package crun), or name it with --crun.");

    private static string Summary(GuestImageManifest manifest)
    {
        string absent = manifest.AbsentModules.Count == 0 ? "" : $"; not in this kernel: {string.Join(", ", manifest.AbsentModules)}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
             kernel {manifest.KernelRelease}, {Mebibytes(manifest.Kernel.Size)}
             initrd {Mebibytes(manifest.Initrd.Size)} ({Mebibytes(manifest.InitrdUnpackedSize)} unpacked): agent {Mebibytes(manifest.AgentSize)}, crun and libraries {Mebibytes(manifest.RuntimeSize)}, modules {Mebibytes(manifest.ModulesSize)}
             modules at boot: {manifest.BootModules.Count}, on demand: {manifest.OnDemandModules.Count}, built in: {manifest.BuiltinModules.Count}{absent}
             """);
    }

    private static string Mebibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:F1} MiB");
}
