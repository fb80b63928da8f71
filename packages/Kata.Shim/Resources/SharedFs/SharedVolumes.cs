using System.Security.Cryptography;
using Kata.Linux;

namespace Kata.Shim.Resources.SharedFs;

/// <summary>
/// Files and directories of the host that containers mount. Containers of a pod that mount the same thing share one entry, so that
/// the guest sees one file: sockets, locks and mappings in it work between them.
/// </summary>
internal sealed class SharedVolumes(SharedDirectory directory)
{
    private const int LongestBaseName = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<Key, Entry> _entries = [];
    private readonly Dictionary<string, int> _mountPoints = new(StringComparer.Ordinal);

    /// <summary>Shares what is at a path of the host.</summary>
    /// <param name="source">Absolute path; symbolic links are followed once, here.</param>
    /// <param name="recursive">With the mounts below it.</param>
    /// <param name="readOnly">The guest cannot write.</param>
    /// <returns>The share; disposing it gives this use back.</returns>
    /// <exception cref="LinuxException">There is no such file.</exception>
    public SharedVolume Add(string source, bool recursive, bool readOnly)
    {
        using var file = FileDescriptors.Open(source, OpenFlags.Path);
        var status = FileDescriptors.Status(file);
        var isDirectory = status.Kind == FileKind.Directory;
        var key = new Key(source, status.DeviceMajor, status.DeviceMinor, status.Inode, recursive, readOnly);
        lock (_gate)
        {
            if (!_entries.TryGetValue(key, out var entry))
            {
                entry = new Entry(NewName(source), isDirectory);
                directory.Share(file, isDirectory, entry.Name, recursive, readOnly);
                _entries.Add(key, entry);
            }

            entry.Uses++;
            return new SharedVolume(GuestPaths.Of(entry.Name), status.Kind, () => Release(key));
        }
    }

    /// <summary>Makes the place where the guest mounts a disk, or counts one more user of it.</summary>
    public void AddMountPoint(string name, bool isDirectory)
    {
        lock (_gate)
        {
            var uses = _mountPoints.GetValueOrDefault(name);
            if (uses == 0)
                directory.AddMountPoint(name, isDirectory);
            _mountPoints[name] = uses + 1;
        }
    }

    /// <summary>Gives one use back.</summary>
    public void RemoveMountPoint(string name, bool isDirectory)
    {
        lock (_gate)
        {
            if (--_mountPoints[name] > 0)
                return;
            _mountPoints.Remove(name);
            directory.RemoveMountPoint(name, isDirectory);
        }
    }

    private void Release(Key key)
    {
        lock (_gate)
        {
            var entry = _entries[key];
            if (--entry.Uses > 0)
                return;
            _entries.Remove(key);
            directory.Unshare(entry.Name, entry.IsDirectory);
        }
    }

    private static string NewName(string source)
    {
        var baseName = Path.GetFileName(source.TrimEnd('/'));
        return $"sandbox-{RandomNumberGenerator.GetHexString(8, lowercase: true)}-{baseName[..Math.Min(baseName.Length, LongestBaseName)]}";
    }

    /// <summary>Identity of a share: the file that was found, the path it was found at (mounts below it depend on that), and how it is shared.</summary>
    private readonly record struct Key(string Source, uint DeviceMajor, uint DeviceMinor, ulong Inode, bool Recursive, bool ReadOnly);

    private sealed class Entry(string name, bool isDirectory)
    {
        public string Name => name;

        public bool IsDirectory => isDirectory;

        public int Uses { get; set; }
    }
}
