using Kata.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Shim.Resources.SharedFs;

/// <summary>
/// The host side of the file system shared with the guest. <c>rw</c> takes the bind mounts; <c>ro</c> is what is exported: a slave of
/// <c>rw</c>, read-only itself, so that the guest can change what is mounted in it but never the directory of mounts. virtiofsd may run
/// in a mount namespace of its own; mounts reach it by propagation, with the attributes they have when they are attached.
/// </summary>
internal sealed class SharedDirectory
{
    /// <summary>Where Kata keeps these directories.</summary>
    public const string DefaultRoot = $"{Base}/shared/sandboxes";

    private const string Base = "/run/kata-containers";

    private const UnixFileMode PrivateDirectory = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The guest's processes of any user walk through these.</summary>
    private const UnixFileMode WalkableDirectory =
        PrivateDirectory | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly string _passthrough;

    private SharedDirectory(string path)
    {
        Path = path;
        ExportedPath = $"{path}/ro";
        _passthrough = $"{path}/rw/{GuestPaths.Passthrough}";
    }

    /// <summary>The directory with both sides.</summary>
    public string Path { get; }

    /// <summary>What the guest gets to see.</summary>
    public string ExportedPath { get; }

    /// <summary>Makes the directories and mounts. What exists is removed by <see cref="Remove"/>, also after a failure half-way.</summary>
    public static SharedDirectory Create(string path)
    {
        var shared = new SharedDirectory(path);
        CreateWithParents(path);
        Directory.CreateDirectory($"{path}/rw", WalkableDirectory);
        Directory.CreateDirectory(shared._passthrough, WalkableDirectory);
        Directory.CreateDirectory(shared.ExportedPath, WalkableDirectory);
        MountPoint.Bind($"{path}/rw", $"{path}/rw");
        MountPoint.SetPropagation($"{path}/rw", MountFlags.Private);
        MountPoint.SetPropagation($"{path}/rw", MountFlags.Shared);
        MountPoint.Bind($"{path}/rw", shared.ExportedPath);
        MountPoint.SetPropagation(shared.ExportedPath, MountFlags.Slave);
        MountPoint.RemountBind(shared.ExportedPath, MountFlags.ReadOnly | MountFlags.NoSuid | MountFlags.NoDevices);
        return shared;
    }

    /// <summary>Undoes all mounts below a directory made by <see cref="Create"/> and removes it. Does nothing when there is none.</summary>
    public static void Remove(string path, ILogger logger)
    {
        if (!Directory.Exists(path))
            return;
        MountTable.UnmountBelow(path);
        RemovePlaceholders(path, logger);
        RemoveEmptyParents(path);
    }

    /// <summary>Makes a mount point for a directory.</summary>
    /// <param name="name">Path below the shared directory; the caller makes sure that it stays below.</param>
    public string AddDirectory(string name) => Directory.CreateDirectory($"{_passthrough}/{name}", WalkableDirectory).FullName;

    /// <summary>Makes a mount point where the guest mounts something of its own: what it is given read-only it cannot add to.</summary>
    /// <param name="name">A free name below the shared directory.</param>
    /// <param name="isDirectory">Whether a directory is mounted on it, or a file.</param>
    public void AddMountPoint(string name, bool isDirectory)
    {
        if (isDirectory)
            AddDirectory(name);
        else
            File.OpenHandle($"{_passthrough}/{name}", FileMode.CreateNew, FileAccess.Write).Dispose();
    }

    /// <summary>Removes an empty mount point.</summary>
    public void RemoveMountPoint(string name, bool isDirectory) => RemoveEmpty($"{_passthrough}/{name}", isDirectory);

    /// <summary>Shares an open file or directory of the host.</summary>
    /// <param name="source">Opened with <see cref="OpenFlags.Path"/>: what it points to is shared, whatever happens to its name.</param>
    /// <param name="isDirectory">Whether it is a directory.</param>
    /// <param name="name">A free name below the shared directory.</param>
    /// <param name="recursive">With the mounts below it.</param>
    /// <param name="readOnly">The guest cannot write.</param>
    public void Share(SafeFileHandle source, bool isDirectory, string name, bool recursive, bool readOnly)
    {
        var target = $"{_passthrough}/{name}";
        AddMountPoint(name, isDirectory);
        try
        {
            using var tree = MountTree.Clone(source, recursive);
            // Mounts made later below the source arrive; nothing of the guest's side ever goes back.
            tree.SetPropagation(MountFlags.Slave);
            if (readOnly)
                tree.SetReadOnly();
            tree.AttachTo(target);
        }
        catch
        {
            RemoveEmpty(target, isDirectory);
            throw;
        }
    }

    /// <summary>Undoes <see cref="Share"/>, or a mount at <see cref="AddDirectory"/>, and removes the mount point.</summary>
    public void Unshare(string name, bool isDirectory)
    {
        var target = $"{_passthrough}/{name}";
        // Lazily: virtiofsd holds descriptors of what the guest has looked at.
        while (MountPoint.Unmount(target, detach: true))
        {
            // Mounts can be stacked.
        }

        RemoveEmpty(target, isDirectory);
    }

    /// <summary>The last sandbox of the host takes the parents away, maybe while the next one comes.</summary>
    private static void CreateWithParents(string path)
    {
        const int Attempts = 5;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Directory.CreateDirectory(path, PrivateDirectory);
                return;
            }
            catch (DirectoryNotFoundException) when (attempt < Attempts)
            {
                // Once more.
            }
        }
    }

    private static void RemoveEmptyParents(string path)
    {
        for (var parent = System.IO.Path.GetDirectoryName(path)!; parent.StartsWith(Base, StringComparison.Ordinal); parent = System.IO.Path.GetDirectoryName(parent)!)
        {
            try
            {
                FileSystem.RemoveEmptyDirectory(parent);
            }
            catch (LinuxException)
            {
                return;
            }
        }
    }

    private static void RemoveEmpty(string path, bool isDirectory)
    {
        if (isDirectory)
            FileSystem.RemoveEmptyDirectory(path);
        else
            FileSystem.Unlink(path);
    }

    /// <summary>Removes directories and empty files, which are all that a mount point can be. Anything else is somebody's data.</summary>
    private static void RemovePlaceholders(string path, ILogger logger)
    {
        foreach (var entry in new DirectoryInfo(path).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo { LinkTarget: null })
                RemovePlaceholders(entry.FullName, logger);
            else if (entry is FileInfo { LinkTarget: null, Length: 0 })
                FileSystem.Unlink(entry.FullName);
        }

        try
        {
            FileSystem.RemoveEmptyDirectory(path);
        }
        catch (LinuxException exception) when (exception.Errno is Errno.ENOTEMPTY or Errno.EBUSY)
        {
            ResourcesLog.LeftInPlace(logger, path);
        }
    }
}
