using Kata.Guest.Agent.Logging;
using Kata.Guest.Image;
using Kata.Linux;
using Microsoft.Extensions.Logging;

namespace Kata.Guest.Agent.Boot;

/// <summary>Loads kernel modules: those listed for boot, and others with what they depend on when they are needed.</summary>
internal sealed class ModuleLoader
{
    /// <summary>Without it nobody reaches the agent.</summary>
    public const string Transport = "vmw_vsock_virtio_transport";

    private readonly ILogger _log;
    private readonly Lazy<ModuleIndex> _index = new(ReadIndex);
    private readonly Lock _gate = new();

    public ModuleLoader(ILogger log) => _log = log;

    /// <summary>Loads the modules of a list from the image, in its order. One that cannot be loaded is logged; the guest may do without.</summary>
    public void LoadAll(IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            try
            {
                Load(path, "");
            }
            catch (LinuxException e)
            {
                _log.ModuleNotLoaded(path, e);
            }
        }
    }

    /// <summary>Makes sure that a module is there. One that neither the image nor the kernel has is left to whoever needs it to fail.</summary>
    public Task RequireAsync(string name, CancellationToken cancellationToken) => Task.Run(() => TryLoad(name, ""), cancellationToken);

    /// <summary>Loads a module with parameters, and before it those it depends on.</summary>
    /// <returns>False when the image has no such module; it may be part of the kernel.</returns>
    /// <exception cref="LinuxException">The kernel refuses it.</exception>
    public bool TryLoad(string name, string parameters)
    {
        if (IsLoaded(name))
            return true;
        if (_index.Value.Find(name) is not { } order)
            return _index.Value.IsBuiltin(name);
        foreach (var dependency in order.SkipLast(1))
            Load(dependency, "");
        Load(order[^1], parameters);
        return true;
    }

    /// <summary>Reads the list of modules to load at boot and splits it after the vsock transport.</summary>
    public static (IReadOnlyList<string> First, IReadOnlyList<string> Others) ReadBootList()
    {
        if (!File.Exists(GuestImageLayout.BootModules))
            return ([], []);
        return Split(File.ReadAllLines(GuestImageLayout.BootModules));
    }

    internal static (IReadOnlyList<string> First, IReadOnlyList<string> Others) Split(IReadOnlyList<string> lines)
    {
        var paths = lines.Where(line => line.StartsWith('/')).ToList();
        var last = paths.FindLastIndex(path => ModuleIndex.NameOf(path) == Transport);
        return (paths[..(last + 1)], paths[(last + 1)..]);
    }

    private static bool IsLoaded(string name) => Directory.Exists($"/sys/module/{ModuleIndex.Normalize(name)}");

    private void Load(string path, string parameters)
    {
        // The kernel lets two loaders of one module collide (EEXIST comes before it is ready).
        lock (_gate)
        {
            if (Machine.LoadModule(path, parameters))
                _log.ModuleLoaded(ModuleIndex.NameOf(path));
        }
    }

    private static ModuleIndex ReadIndex()
    {
        var directory = Directory.Exists(GuestImageLayout.ModulesRoot)
            ? Directory.EnumerateDirectories(GuestImageLayout.ModulesRoot).FirstOrDefault()
            : null;
        return directory is null
            ? ModuleIndex.Empty
            : ModuleIndex.Parse(
                directory,
                LinesOf(Path.Combine(directory, GuestImageLayout.ModuleDependencies)),
                LinesOf(Path.Combine(directory, GuestImageLayout.BuiltinModules)));
    }

    private static string[] LinesOf(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];
}
