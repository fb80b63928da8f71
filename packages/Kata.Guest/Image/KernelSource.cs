namespace Kata.Guest.Image;

/// <summary>A kernel and its modules as files; those unpacked from a package go away with it.</summary>
internal sealed class KernelSource : IDisposable
{
    private readonly string? _unpacked;

    private KernelSource(string kernel, string modules, string? unpacked)
    {
        Kernel = kernel;
        Modules = modules;
        _unpacked = unpacked;
    }

    public string Kernel { get; }

    public string Modules { get; }

    /// <param name="kernel">The kernel image.</param>
    /// <param name="modules">Its modules; null for those installed on this machine for the kernel's release.</param>
    public static KernelSource FromFiles(string kernel, string? modules)
    {
        if (modules is null)
        {
            string release = KernelImage.Release(FileContent.Read(kernel))
                ?? throw new GuestImageException($"{kernel} does not tell its release: name its modules with --modules.");
            modules = $"/lib/modules/{release}";
        }

        return new KernelSource(kernel, modules, unpacked: null);
    }

    /// <summary>Unpacks a Debian kernel package into a temporary directory.</summary>
    public static async Task<KernelSource> FromPackageAsync(string package, CancellationToken cancellationToken)
    {
        if (!File.Exists(package)) throw new GuestImageException($"There is no kernel package {package}.");

        string directory = Directory.CreateTempSubdirectory("kata-guest-").FullName;
        try
        {
            await Tool.RunAsync("dpkg-deb", ["--extract", package, directory], output: null, cancellationToken);
            string kernel = Single(Path.Combine(directory, "boot"), "vmlinuz*", Directory.GetFiles, package);
            string root = Directory.Exists(Path.Combine(directory, "usr/lib/modules")) ? "usr/lib/modules" : "lib/modules";
            string modules = Single(Path.Combine(directory, root), "*", Directory.GetDirectories, package);
            return new KernelSource(kernel, modules, directory);
        }
        catch
        {
            Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    public void Dispose()
    {
        if (_unpacked is not null) Directory.Delete(_unpacked, recursive: true);
    }

    private static string Single(string directory, string pattern, Func<string, string, string[]> list, string package) =>
        Directory.Exists(directory) && list(directory, pattern) is [string only]
            ? only
            : throw new GuestImageException($"{package} is not a kernel package: it has not exactly one {pattern} in {Path.GetFileName(directory)}.");
}
