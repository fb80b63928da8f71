namespace Kata.Guest.Agent.Boot;

/// <summary>The modules of the image by name, with what has to be loaded before each (kmod's <c>modules.dep</c>).</summary>
internal sealed class ModuleIndex
{
    private readonly Dictionary<string, IReadOnlyList<string>> _orders;
    private readonly HashSet<string> _builtin;

    private ModuleIndex(Dictionary<string, IReadOnlyList<string>> orders, HashSet<string> builtin)
    {
        _orders = orders;
        _builtin = builtin;
    }

    public static ModuleIndex Empty { get; } = new([], []);

    /// <param name="directory">What the paths are relative to.</param>
    /// <param name="dependencies">Lines of <c>PATH: DEPENDENCY…</c>, the dependencies to be loaded from the last to the first.</param>
    /// <param name="builtin">Paths of the modules that are part of the kernel.</param>
    public static ModuleIndex Parse(string directory, IEnumerable<string> dependencies, IEnumerable<string> builtin)
    {
        var orders = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var line in dependencies)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
                continue;
            var paths = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Reverse().Append(line[..colon]);
            orders[NameOf(line[..colon])] = [.. paths.Select(path => Path.Combine(directory, path))];
        }

        return new ModuleIndex(orders, [.. builtin.Where(path => path.Length > 0).Select(NameOf)]);
    }

    /// <summary>The files to load, in order, the module itself last; null when there is no such module.</summary>
    public IReadOnlyList<string>? Find(string name) => _orders.GetValueOrDefault(Normalize(name));

    public bool IsBuiltin(string name) => _builtin.Contains(Normalize(name));

    /// <summary>The kernel takes <c>-</c> for <c>_</c>.</summary>
    public static string Normalize(string name) => name.Replace('-', '_');

    public static string NameOf(string path)
    {
        var file = Path.GetFileName(path);
        var suffix = file.IndexOf(".ko", StringComparison.Ordinal);
        return Normalize(suffix < 0 ? file : file[..suffix]);
    }
}
