using System.Text;
using System.Text.RegularExpressions;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>An initrd (cpio, newc) in the making.</summary>
internal sealed partial class InitrdArchive : IDisposable
{
    private const uint DirectoryMode = 0x41ED; // 040755
    private const uint ProgramMode = 0x81ED; // 0100755

    private readonly MemoryStream _archive = new();
    private readonly HashSet<string> _names = [];

    /// <summary>Adds directories, each after those that it is in.</summary>
    public void AddDirectory(string name)
    {
        if (Path.GetDirectoryName(name) is { Length: > 0 } parent)
            AddDirectory(parent);
        if (_names.Add(name))
            Add(name, DirectoryMode, []);
    }

    /// <summary>Adds an executable file.</summary>
    public void AddFile(string name, byte[] content)
    {
        if (!_names.Add(name))
            return;
        if (Path.GetDirectoryName(name) is { Length: > 0 } parent)
            AddDirectory(parent);
        Add(name, ProgramMode, content);
    }

    /// <summary>Adds a program of this machine, with the loader and the libraries that it needs, under the paths they have here.</summary>
    public void AddProgram(string path)
    {
        if (!File.Exists(path))
            Assert.Inconclusive($"needs {path}");
        AddFile(path.TrimStart('/'), File.ReadAllBytes(path));
        foreach (Match library in Library().Matches(HostCommand.Run("ldd", path)))
            AddFile(library.Groups[1].Value.TrimStart('/'), File.ReadAllBytes(library.Groups[1].Value));
    }

    /// <summary>Ends the archive and writes it.</summary>
    public void Save(string path)
    {
        Add("TRAILER!!!", 0, []);
        File.WriteAllBytes(path, _archive.ToArray());
    }

    public void Dispose() => _archive.Dispose();

    [GeneratedRegex(@"(/\S+) \(0x")]
    private static partial Regex Library();

    private void Add(string name, uint mode, byte[] content)
    {
        // inode, mode, owner, group, links, time, size, device numbers (4), length of the name, checksum
        uint[] fields = [(uint)_names.Count, mode, 0, 0, 1, 0, (uint)content.Length, 0, 0, 0, 0, (uint)Encoding.UTF8.GetByteCount(name) + 1, 0];
        _archive.Write(Encoding.UTF8.GetBytes("070701" + string.Concat(fields.Select(field => field.ToString("X8"))) + name + "\0"));
        Pad();
        _archive.Write(content);
        Pad();
    }

    private void Pad() => _archive.Write(new byte[(4 - (_archive.Length % 4)) % 4]);
}
