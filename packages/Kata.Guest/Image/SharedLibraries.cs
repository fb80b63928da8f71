namespace Kata.Guest.Image;

/// <summary>Finds everything a dynamically linked program needs to start, the way the dynamic loader would.</summary>
internal static class SharedLibraries
{
    private static readonly string[] _defaultDirectories = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"];

    /// <summary>
    /// The library directories of this machine: those of <c>/etc/ld.so.conf</c> in order, then the loader's own.
    /// </summary>
    public static List<string> SystemDirectories(string configuration = "/etc/ld.so.conf")
    {
        var directories = new List<string>();
        ReadConfiguration(configuration, directories);
        directories.AddRange(_defaultDirectories);
        return directories;
    }

    /// <summary>
    /// The loader and the libraries of a program, directly and indirectly needed, each as (name in the ELF file, path here). A static
    /// program gives none.
    /// </summary>
    /// <exception cref="GuestImageException">A library is not found.</exception>
    public static List<SharedLibrary> Resolve(string program, IReadOnlyList<string> directories)
    {
        ElfFile main = Read(program);
        if (main.Interpreter is not { } interpreter) return [];

        var found = new List<SharedLibrary> { new(interpreter, interpreter) };
        var names = new HashSet<string>(StringComparer.Ordinal) { Path.GetFileName(interpreter) };
        var pending = new Queue<(string Path, ElfFile Elf)>();
        pending.Enqueue((program, main));
        while (pending.TryDequeue(out var user))
        {
            foreach (string name in user.Elf.Needed)
            {
                if (!names.Add(name)) continue;
                (string path, ElfFile elf) = Find(name, user.Path, user.Elf, main.Machine, directories);
                found.Add(new SharedLibrary(name, path));
                pending.Enqueue((path, elf));
            }
        }

        return found;
    }

    private static (string Path, ElfFile Elf) Find(
        string name, string userPath, ElfFile user, int machine, IReadOnlyList<string> directories)
    {
        if (name.Contains('/')) throw new GuestImageException($"{userPath} needs {name}, a library named by a path: that is not supported.");

        string origin = Path.GetDirectoryName(Path.GetFullPath(userPath))!;
        IEnumerable<string> own = user.SearchPath
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => directory.Replace("${ORIGIN}", origin).Replace("$ORIGIN", origin));
        foreach (string directory in own.Concat(directories))
        {
            string path = Path.Combine(directory, name);
            if (!File.Exists(path)) continue;
            ElfFile elf = Read(path);
            if (elf.Machine == machine) return (path, elf);
        }

        throw new GuestImageException($"{userPath} needs {name}, which is in none of {string.Join(", ", directories)}: install it.");
    }

    private static ElfFile Read(string path) => ElfFile.Parse(FileContent.Read(path), path);

    private static void ReadConfiguration(string path, List<string> directories)
    {
        if (!File.Exists(path)) return;
        foreach (string raw in File.ReadLines(path))
        {
            string line = raw.Split('#')[0].Trim();
            if (line.StartsWith("include ", StringComparison.Ordinal))
            {
                string pattern = Path.Combine(Path.GetDirectoryName(path)!, line["include ".Length..].Trim());
                string directory = Path.GetDirectoryName(pattern)!;
                if (!Directory.Exists(directory)) continue;
                foreach (string file in Directory.GetFiles(directory, Path.GetFileName(pattern)).Order(StringComparer.Ordinal))
                    ReadConfiguration(file, directories);
            }
            else if (line.StartsWith('/'))
            {
                directories.Add(line);
            }
        }
    }
}
