using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Fuse;

/// <summary>
/// One open file for each file and owner that has locked ranges of it: locks of the host belong to open files, and end with them.
/// </summary>
internal sealed class RecordLockTable : IDisposable
{
    private readonly Dictionary<(ulong Node, ulong Owner), SafeFileHandle> _files = [];

    public int Count => _files.Count;

    public SafeFileHandle? Find(ulong node, ulong owner) => _files.GetValueOrDefault((node, owner));

    public void Add(ulong node, ulong owner, SafeFileHandle file) => _files.Add((node, owner), file);

    /// <summary>Releases all locks of an owner.</summary>
    public void Remove(ulong node, ulong owner)
    {
        if (_files.Remove((node, owner), out var file))
            file.Dispose();
    }

    public void Clear()
    {
        foreach (var file in _files.Values)
            file.Dispose();
        _files.Clear();
    }

    public void Dispose() => Clear();
}
