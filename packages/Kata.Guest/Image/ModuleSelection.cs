namespace Kata.Guest.Image;

/// <summary>The modules that go into one image.</summary>
internal sealed class ModuleSelection
{
    private readonly Dictionary<string, List<string>> _dependencies = new(StringComparer.Ordinal);

    private ModuleSelection(string release) => Release = release;

    public string Release { get; }

    /// <summary>Those loaded at boot, in load order.</summary>
    public required List<KernelModule> Boot { get; init; }

    /// <summary>All of them, those for the boot first, each after what it depends on.</summary>
    public required List<KernelModule> All { get; init; }

    /// <summary>Wanted modules that are part of the kernel.</summary>
    public required List<string> Builtin { get; init; }

    /// <summary>The paths of <see cref="Builtin"/> as the kernel's own list has them.</summary>
    public required List<string> BuiltinPaths { get; init; }

    /// <summary>Wanted modules that the kernel does not have.</summary>
    public required List<string> Absent { get; init; }

    /// <exception cref="GuestImageException">A required or an extra module does not exist.</exception>
    public static async Task<ModuleSelection> ResolveAsync(
        KernelModules modules, IReadOnlyList<string> extra, CancellationToken cancellationToken)
    {
        List<string> wanted = [.. GuestModules.Boot, .. GuestModules.OnDemand, .. extra];
        List<string> builtin = wanted.FindAll(name => modules.BuiltinPath(name) is not null);
        List<string> absent = wanted.FindAll(name => modules.BuiltinPath(name) is null && !modules.Contains(name));
        List<string> optional = absent.FindAll(name => !GuestModules.Required.Contains(name) && !extra.Contains(name));

        var selection = new ModuleSelection(modules.Release)
        {
            Boot = await modules.ResolveAsync(GuestModules.Boot.Except(optional), cancellationToken),
            All = await modules.ResolveAsync(wanted.Except(optional), cancellationToken),
            Builtin = builtin,
            BuiltinPaths = builtin.ConvertAll(name => modules.BuiltinPath(name)!),
            Absent = optional,
        };
        foreach (KernelModule module in selection.All)
        {
            List<KernelModule> chain = await modules.ResolveAsync([module.Name], cancellationToken);
            chain.Remove(module);
            chain.Reverse();
            selection._dependencies[module.Name] = chain.ConvertAll(dependency => dependency.Path);
        }

        return selection;
    }

    /// <summary>The lines of <c>modules.dep</c>, as kmod reads them.</summary>
    public IEnumerable<string> DependencyLines() =>
        All.Select(module => string.Join(' ', [$"{module.Path}:", .. _dependencies[module.Name]]));
}
