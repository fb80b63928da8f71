namespace Kata.Guest.Image;

/// <summary>
/// The modules of one kernel, <c>lib/modules/RELEASE</c>. Dependencies come from the modules themselves, so the directory may be
/// straight from a package: no <c>depmod</c> has to have run in it.
/// </summary>
internal sealed class KernelModules
{
    private static readonly string[] _suffixes = [".ko", ".ko.xz", ".ko.zst", ".ko.gz"];

    private readonly string _directory;
    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _builtin = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KernelModule> _loaded = new(StringComparer.Ordinal);

    private KernelModules(string directory) => _directory = directory;

    /// <summary>The kernel release: the name of the directory.</summary>
    public string Release => Path.GetFileName(_directory);

    public static KernelModules Open(string directory)
    {
        directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        if (!Directory.Exists(directory))
            throw new GuestImageException($"There is no directory {directory}: name the modules of the guest kernel with --modules.");

        var modules = new KernelModules(directory);
        modules.ReadBuiltin();
        // Updates replace modules of the same name, and like depmod this puts them first.
        foreach (string path in Directory.EnumerateFiles(directory, "*.ko*", SearchOption.AllDirectories)
                     .OrderByDescending(path => path.Contains("/updates/", StringComparison.Ordinal))
                     .ThenBy(path => path, StringComparer.Ordinal))
        {
            if (_suffixes.Any(suffix => path.EndsWith(suffix, StringComparison.Ordinal)))
                modules._files.TryAdd(NameOf(path), path);
        }

        if (modules._files.Count == 0 && modules._builtin.Count == 0)
            throw new GuestImageException($"{directory} holds no kernel modules: --modules wants a directory like lib/modules/RELEASE.");
        return modules;
    }

    /// <summary>Gives a module's name its one spelling: the kernel takes <c>-</c> for <c>_</c>.</summary>
    public static string Normalize(string name) => name.Replace('-', '_');

    /// <summary>The path of a module that is part of the kernel itself; null for any other.</summary>
    public string? BuiltinPath(string name) => _builtin.GetValueOrDefault(Normalize(name));

    /// <summary>Whether there is a file for the module.</summary>
    public bool Contains(string name) => _files.ContainsKey(Normalize(name));

    /// <summary>The modules named and all that they depend on, each after its dependencies. Parts of the kernel are left out.</summary>
    /// <exception cref="GuestImageException">One of them does not exist.</exception>
    public async Task<List<KernelModule>> ResolveAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var ordered = new List<KernelModule>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in names) await AddAsync(Normalize(name), neededBy: null, seen, ordered, cancellationToken);
        return ordered;
    }

    private async Task AddAsync(
        string name, string? neededBy, HashSet<string> seen, List<KernelModule> ordered, CancellationToken cancellationToken)
    {
        if (!seen.Add(name) || _builtin.ContainsKey(name)) return;
        if (!_files.TryGetValue(name, out string? file))
        {
            string reason = neededBy is null ? "" : $" that {neededBy} depends on";
            throw new GuestImageException($"Kernel {Release} has no module {name}{reason}: there is neither a file for it in {_directory} nor is it built in.");
        }

        KernelModule module = await LoadAsync(name, file, cancellationToken);
        foreach (string dependency in module.Depends) await AddAsync(dependency, name, seen, ordered, cancellationToken);
        ordered.Add(module);
    }

    private async Task<KernelModule> LoadAsync(string name, string file, CancellationToken cancellationToken)
    {
        if (_loaded.TryGetValue(name, out KernelModule? module)) return module;

        byte[] content = ModuleSignature.Remove(await Compression.DecompressAsync(file, cancellationToken), file);
        string path = Path.GetRelativePath(_directory, file);
        module = new KernelModule(name, path[..(path.LastIndexOf(".ko", StringComparison.Ordinal) + 3)], content);
        if (module.KernelRelease is { } release && release != Release)
            throw new GuestImageException($"{file} is a module of kernel {release}, not of {Release}.");
        return _loaded[name] = module;
    }

    private void ReadBuiltin()
    {
        string list = Path.Combine(_directory, GuestImageLayout.BuiltinModules);
        if (!File.Exists(list)) return;
        foreach (string line in File.ReadLines(list))
        {
            if (line.Length > 0) _builtin.TryAdd(NameOf(line), line);
        }
    }

    private static string NameOf(string path)
    {
        string file = Path.GetFileName(path);
        return Normalize(file[..file.LastIndexOf(".ko", StringComparison.Ordinal)]);
    }
}
