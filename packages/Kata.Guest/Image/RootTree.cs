namespace Kata.Guest.Image;

/// <summary>
/// The guest's root directory while it is put together. Paths are absolute guest paths; <c>/bin</c>, <c>/sbin</c>, <c>/lib</c> and
/// <c>/lib64</c> are links into <c>/usr</c>, so a file put into one of them lands there.
/// </summary>
internal sealed class RootTree
{
    private const UnixFileMode DirectoryMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
        UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode SharedDirectoryMode =
        DirectoryMode | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite | UnixFileMode.StickyBit;

    private const UnixFileMode ProgramMode = DirectoryMode;

    private const UnixFileMode DataMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode ConsoleMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode NullMode = DataMode | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private static readonly string[] _merged = ["bin", "sbin", "lib", "lib64"];

    private static readonly string[] _mountPoints = ["/dev", "/mnt", "/proc", "/root", "/run", "/sys", "/var", "/usr/bin", "/usr/sbin"];

    private readonly SortedDictionary<string, Action<CpioWriter, string>> _entries = new(StringComparer.Ordinal);

    public RootTree()
    {
        foreach (string path in _mountPoints) AddDirectory(path);
        foreach (string name in _merged)
        {
            AddDirectory("/usr/" + name);
            _entries["/" + name] = (cpio, path) => cpio.WriteSymbolicLink(path, "usr/" + name);
        }

        _entries["/tmp"] = (cpio, path) => cpio.WriteDirectory(path, SharedDirectoryMode);
        _entries["/var/run"] = (cpio, path) => cpio.WriteSymbolicLink(path, "../run");
        // The kernel opens the console for PID 1 before anything is mounted on /dev.
        _entries["/dev/console"] = (cpio, path) => cpio.WriteCharacterDevice(path, ConsoleMode, major: 5, minor: 1);
        _entries["/dev/null"] = (cpio, path) => cpio.WriteCharacterDevice(path, NullMode, major: 1, minor: 3);
    }

    public void AddProgram(string path, byte[] content) => AddFile(path, content, ProgramMode);

    public void AddData(string path, ReadOnlyMemory<byte> content) => AddFile(path, content, DataMode);

    /// <summary>Writes the archive: every directory before what is in it, everything in the order of its path.</summary>
    public void Write(CpioWriter cpio)
    {
        foreach ((string path, Action<CpioWriter, string> write) in _entries) write(cpio, path);
        cpio.Finish();
    }

    private void AddFile(string path, ReadOnlyMemory<byte> content, UnixFileMode mode)
    {
        path = Place(path);
        AddDirectory(Path.GetDirectoryName(path)!);
        _entries[path] = (cpio, name) => cpio.WriteFile(name, mode, content.Span);
    }

    private void AddDirectory(string path)
    {
        if (path == "/" || _entries.ContainsKey(path)) return;
        AddDirectory(Path.GetDirectoryName(path)!);
        _entries[path] = (cpio, name) => cpio.WriteDirectory(name, DirectoryMode);
    }

    private static string Place(string path)
    {
        path = Path.GetFullPath(path);
        string first = path.Split('/')[1];
        return _merged.Contains(first) ? "/usr" + path : path;
    }
}
