namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>A kernel package of Debian, unpacked once into <c>artifacts/device-guest</c>: the kernel and its modules.</summary>
internal sealed class KernelPackage
{
    private static readonly Lock s_lock = new();

    private readonly string _modules;
    private readonly Dictionary<string, string[]> _dependencies = [];

    private KernelPackage(string directory)
    {
        Kernel = Directory.GetFiles(Path.Combine(directory, "boot"), "vmlinuz-*").Single();
        _modules = Directory.GetDirectories(Path.Combine(directory, "lib", "modules")).Single();
        // "MODULE: MODULE...", what it needs from the last to be loaded to the first.
        foreach (var line in File.ReadLines(Path.Combine(_modules, "modules.dep")))
        {
            var (module, needed) = (line[..line.IndexOf(':')], line[(line.IndexOf(':') + 1)..]);
            _dependencies[Path.GetFileNameWithoutExtension(module)] =
                [.. needed.Split(' ', StringSplitOptions.RemoveEmptyEntries).Reverse(), module];
        }
    }

    /// <summary>The bzImage.</summary>
    public string Kernel { get; }

    /// <summary>The kernel of a suite: bookworm (6.1), trixie (6.12), sid. Run samples/lib/fetch-kernel.sh for it first.</summary>
    public static KernelPackage Of(string suite)
    {
        lock (s_lock)
        {
            var root = Repository.Find();
            var directory = Path.Combine(root, "artifacts", "device-guest", suite);
            if (!Directory.Exists(directory))
                Unpack(root, suite, directory);
            return new KernelPackage(directory);
        }
    }

    /// <summary>Paths of modules with those they need, in the order in which they can be loaded. What is built in is left out.</summary>
    public List<string> Resolve(IEnumerable<string> names) =>
        [.. names.SelectMany(name => _dependencies.GetValueOrDefault(name, [])).Distinct().Select(module => Path.Combine(_modules, module))];

    private static void Unpack(string root, string suite, string directory)
    {
        var packages = Path.Combine(root, "artifacts", "kernels", suite);
        var package = Directory.Exists(packages) ? Directory.GetFiles(packages, "linux-image-*.deb").FirstOrDefault() : null;
        if (package is null)
            Assert.Inconclusive($"needs the kernel that 'samples/lib/fetch-kernel.sh {suite} artifacts/kernels' fetches");
        var partial = Directory.CreateDirectory($"{directory}.{Environment.ProcessId}").FullName;
        HostCommand.Run("dpkg-deb", "-x", package, partial);
        if (!Directory.Exists(Path.Combine(partial, "lib")))
            Directory.CreateSymbolicLink(Path.Combine(partial, "lib"), "usr/lib");
        var modules = Directory.GetDirectories(Path.Combine(partial, "lib", "modules")).Single();
        HostCommand.Run("find", modules, "-name", "*.ko.xz", "-exec", "xz", "-d", "{}", "+");
        HostCommand.Run("/usr/sbin/depmod", "-b", partial, Path.GetFileName(modules));
        Directory.Move(partial, directory);
    }
}
