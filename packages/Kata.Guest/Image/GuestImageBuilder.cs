using System.Security.Cryptography;
using System.Text;

namespace Kata.Guest.Image;

/// <summary>
/// Makes a guest image: the kernel as it is, and an initrd of the agent, the modules a guest needs, and crun with its libraries.
/// The same input gives the same bytes.
/// </summary>
internal sealed class GuestImageBuilder
{
    public const string KernelName = "vmlinuz";
    public const string InitrdName = "initrd.img";
    public const string ManifestName = "guest.json";

    private const string Passwd = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n";
    private const string Group = "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n";

    private readonly GuestImageOptions _options;
    private readonly RootTree _tree = new();

    private GuestImageBuilder(GuestImageOptions options) => _options = options;

    /// <summary>Writes <c>vmlinuz</c>, <c>initrd.img</c> and <c>guest.json</c>, each whole or not at all.</summary>
    /// <exception cref="GuestImageException">Something needed is missing, unreadable, or does not fit the rest.</exception>
    public static Task<GuestImageManifest> BuildAsync(GuestImageOptions options, CancellationToken cancellationToken) =>
        new GuestImageBuilder(options).BuildAsync(cancellationToken);

    private async Task<GuestImageManifest> BuildAsync(CancellationToken cancellationToken)
    {
        byte[] kernel = FileContent.Read(_options.Kernel);
        KernelModules modules = KernelModules.Open(_options.Modules);
        if (KernelImage.Release(kernel) is { } release && release != modules.Release)
            throw new GuestImageException($"{_options.Kernel} is kernel {release}, but {_options.Modules} holds modules of {modules.Release}.");

        _tree.AddData("/etc/passwd", Encoding.ASCII.GetBytes(Passwd));
        _tree.AddData("/etc/group", Encoding.ASCII.GetBytes(Group));
        byte[] agent = AddAgent();
        long runtimeSize = AddRuntime();
        ModuleSelection selection = await ModuleSelection.ResolveAsync(modules, _options.ExtraModules, cancellationToken);
        AddModules(selection);

        CreateOutput();
        long unpacked = await WriteInitrdAsync(cancellationToken);
        WriteWhole(KernelName, kernel);
        var manifest = new GuestImageManifest
        {
            KernelRelease = modules.Release,
            Kernel = Describe(KernelName),
            Initrd = Describe(InitrdName),
            InitrdUnpackedSize = unpacked,
            Compression = _options.Compression,
            AgentSize = agent.Length,
            RuntimeSize = runtimeSize,
            ModulesSize = selection.All.Sum(module => (long)module.Content.Length),
            BootModules = [.. selection.Boot.Select(module => module.Name)],
            OnDemandModules = [.. selection.All.Except(selection.Boot).Select(module => module.Name)],
            BuiltinModules = selection.Builtin,
            AbsentModules = selection.Absent,
        };
        WriteWhole(ManifestName, manifest.ToJson());
        return manifest;
    }

    private byte[] AddAgent()
    {
        byte[] agent = FileContent.Read(_options.Agent);
        ElfFile elf = ElfFile.Parse(agent, _options.Agent);
        if (elf.Interpreter is not null || elf.Needed.Count > 0)
            throw new GuestImageException($"{_options.Agent} is not a static program and cannot be the guest's init: name one published with StaticExecutable with --agent.");
        _tree.AddProgram(GuestImageLayout.Agent, agent);
        return agent;
    }

    /// <summary>
    /// Adds crun and its libraries. The guest has no loader cache, so all libraries go to one directory that the loader searches by
    /// itself: the one of the C library.
    /// </summary>
    private long AddRuntime()
    {
        byte[] crun = FileContent.Read(_options.Crun);
        _tree.AddProgram(GuestImageLayout.Crun, crun);
        long size = crun.Length;

        List<SharedLibrary> libraries = SharedLibraries.Resolve(_options.Crun, SharedLibraries.SystemDirectories());
        string? home = libraries
            .Where(library => library.Name.StartsWith("libc.", StringComparison.Ordinal))
            .Select(library => Path.GetDirectoryName(library.Path))
            .FirstOrDefault();
        foreach (SharedLibrary library in libraries)
        {
            byte[] content = FileContent.Read(library.Path);
            _tree.AddProgram(Path.Combine(home ?? "/lib", library.Name), content);
            size += content.Length;
        }

        return size;
    }

    private void AddModules(ModuleSelection selection)
    {
        string root = $"{GuestImageLayout.ModulesRoot}/{selection.Release}";
        foreach (KernelModule module in selection.All) _tree.AddData($"{root}/{module.Path}", module.Content);
        _tree.AddData(GuestImageLayout.BootModules, Lines(selection.Boot.Select(module => $"{root}/{module.Path}")));
        _tree.AddData($"{root}/{GuestImageLayout.ModuleDependencies}", Lines(selection.DependencyLines()));
        _tree.AddData($"{root}/{GuestImageLayout.BuiltinModules}", Lines(selection.BuiltinPaths));
    }

    private static byte[] Lines(IEnumerable<string> lines) => Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + '\n')));

    private void CreateOutput()
    {
        try
        {
            Directory.CreateDirectory(_options.Output);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new GuestImageException($"Cannot make the directory {_options.Output}: {error.Message}", error);
        }
    }

    private async Task<long> WriteInitrdAsync(CancellationToken cancellationToken)
    {
        string initrd = Path.Combine(_options.Output, InitrdName), archive = initrd + ".cpio.partial", packed = initrd + ".partial";
        try
        {
            long length;
            await using (var stream = new FileStream(archive, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 20))
            {
                var cpio = new CpioWriter(stream);
                _tree.Write(cpio);
                length = cpio.Length;
            }

            if (_options.Compression == ImageCompression.None) packed = archive;
            else await Compression.CompressAsync(_options.Compression, archive, packed, cancellationToken);
            File.Move(packed, initrd, overwrite: true);
            return length;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new GuestImageException($"Cannot write {initrd}: {error.Message}", error);
        }
        finally
        {
            File.Delete(archive);
            File.Delete(packed);
        }
    }

    private void WriteWhole(string name, byte[] content)
    {
        string path = Path.Combine(_options.Output, name), partial = path + ".partial";
        try
        {
            File.WriteAllBytes(partial, content);
            File.Move(partial, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            File.Delete(partial);
            throw new GuestImageException($"Cannot write {path}: {error.Message}", error);
        }
    }

    private ImageFile Describe(string name)
    {
        using FileStream file = File.OpenRead(Path.Combine(_options.Output, name));
        return new ImageFile(name, file.Length, Convert.ToHexStringLower(SHA256.HashData(file)));
    }
}
