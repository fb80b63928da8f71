using System.Text;
using Kata.Abstractions;
using Kata.Linux;
using SnapshotMount = Kata.Protocols.Containerd.Task.Mount;

namespace Kata.Shim.Resources.Rootfs;

/// <summary>Mounts what a snapshotter hands over.</summary>
internal static class RootfsMount
{
    /// <summary>Mounts one on an existing directory.</summary>
    /// <exception cref="KataException">It cannot be mounted; the message has the mount.</exception>
    public static void Mount(SnapshotMount mount, string target)
    {
        var options = MountOptions.Parse(mount.Options);
        try
        {
            if (options.IsBind || mount.Type == "bind")
                MountBind(mount.Source, target, options);
            else
                MountFileSystem(mount, target, options);
            if (options.Propagation != MountFlags.None)
                MountPoint.SetPropagation(target, options.Propagation);
        }
        catch (LinuxException exception)
        {
            throw new KataException(
                KataErrorKind.Internal, $"The root file system ({mount.Type} {mount.Source}) cannot be mounted: {exception.Message}", exception);
        }
    }

    private static void MountBind(string source, string target, MountOptions options)
    {
        using var file = FileDescriptors.Open(source, OpenFlags.Path | OpenFlags.Directory);
        using var tree = MountTree.Clone(file, (options.Flags & MountFlags.Recursive) != 0);
        tree.SetPropagation(MountFlags.Slave);
        if (options.IsReadOnly)
            tree.SetReadOnly();
        tree.AttachTo(target);
    }

    private static void MountFileSystem(SnapshotMount mount, string target, MountOptions options)
    {
        var shortened = mount.Type == "overlay" ? OverlayLayers.Shorten(options.Data) : null;
        var data = shortened?.Data ?? options.Data;
        // The kernel would cut them off without a word.
        if (Encoding.UTF8.GetByteCount(data) > OverlayLayers.MaxData)
            throw new LinuxException("mount", $"options of {data.Length} characters", Errno.E2BIG);
        if (shortened is { } relative)
            WorkingDirectory.RunIn(relative.Directory, () => MountPoint.Mount(mount.Source, target, mount.Type, options.Flags, data));
        else
            MountPoint.Mount(mount.Source, target, mount.Type, options.Flags, data);
    }
}
