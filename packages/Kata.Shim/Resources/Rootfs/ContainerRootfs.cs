using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Linux;
using Kata.Protocols.Agent;
using Kata.Shim.Resources.Devices;
using Kata.Shim.Resources.SharedFs;
using SnapshotMount = Kata.Protocols.Containerd.Task.Mount;

namespace Kata.Shim.Resources.Rootfs;

/// <summary>Brings a container's root file system into the guest: shared, or as a disk.</summary>
/// <param name="directory">What is shared with the guest; null when nothing is.</param>
/// <param name="disks">Plugs disks.</param>
internal sealed class ContainerRootfs(SharedDirectory? directory, GuestDisks disks)
{
    /// <summary>Brings it in.</summary>
    /// <param name="request">The container.</param>
    /// <param name="teardown">Gets the steps that undo it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Where the guest finds it, and the storages the agent must mount first.</returns>
    public async ValueTask<(string GuestPath, IReadOnlyList<Storage> Storages)> AddAsync(
        ContainerRequest request, Teardown teardown, CancellationToken cancellationToken)
    {
        if (request.Rootfs is [var only] && BlockSourceOf(only) is { } source)
            return await AddDiskAsync(request.Id, only, source, teardown, cancellationToken).ConfigureAwait(false);
        if (directory is null)
        {
            throw new KataException(
                KataErrorKind.InvalidArgument,
                "The root file system is a directory, but nothing is shared with the guest (shared_fs is none or the hypervisor cannot share); "
                + "use a snapshotter that gives block devices, such as devmapper or blockfile.");
        }

        var name = AddDirectory(directory, request.Id, teardown);
        if (request.Rootfs.Count == 0)
            SharePlain(request, name, teardown);
        else
            MountLayers(request, name, teardown);
        return (GuestPaths.Of(name), []);
    }

    /// <returns>The name of the root below it.</returns>
    private static string AddDirectory(SharedDirectory directory, string id, Teardown teardown)
    {
        teardown.Push($"directory of container {id}", () => directory.RemoveMountPoint(id, isDirectory: true));
        directory.AddMountPoint(id, isDirectory: true);
        return $"{id}/rootfs";
    }

    private void SharePlain(ContainerRequest request, string name, Teardown teardown)
    {
        var path = request.Spec.Root?.Path;
        if (string.IsNullOrEmpty(path))
            throw new KataException(KataErrorKind.InvalidArgument, $"root.path is missing in {request.Bundle}/config.json, and no mounts came with the request.");
        path = Path.GetFullPath(path, request.Bundle);
        try
        {
            using var root = FileDescriptors.Open(path, OpenFlags.Path | OpenFlags.Directory);
            directory!.Share(root, isDirectory: true, name, recursive: true, readOnly: false);
            teardown.Push($"root file system of {request.Id}", () => directory.Unshare(name, isDirectory: true));
        }
        catch (LinuxException exception)
        {
            throw new KataException(KataErrorKind.InvalidArgument, $"The root file system {path} cannot be used: {exception.Message}", exception);
        }
    }

    private void MountLayers(ContainerRequest request, string name, Teardown teardown)
    {
        var target = directory!.AddDirectory(name);
        teardown.Push($"root file system of {request.Id}", () => directory.Unshare(name, isDirectory: true));
        foreach (var mount in request.Rootfs)
            RootfsMount.Mount(mount, Target(target, mount.Target));
    }

    /// <summary>A mount may name a place inside what was mounted before.</summary>
    private static string Target(string root, string below)
    {
        var target = Path.GetFullPath(below.TrimStart('/'), root);
        return target == root || target.StartsWith($"{root}/", StringComparison.Ordinal)
            ? target
            : throw new KataException(KataErrorKind.InvalidArgument, $"The mount target {below} leaves the root file system.");
    }

    private static string? BlockSourceOf(SnapshotMount mount)
    {
        if (!Path.IsPathRooted(mount.Source) || MountOptions.Parse(mount.Options).IsBind)
            return null;
        var loop = MountOptions.Parse(mount.Options).Loop;
        return FileDescriptors.Status(mount.Source)?.Kind switch
        {
            FileKind.BlockDevice => mount.Source,
            FileKind.Regular when loop => mount.Source,
            _ => null,
        };
    }

    private async ValueTask<(string GuestPath, IReadOnlyList<Storage> Storages)> AddDiskAsync(
        string id, SnapshotMount mount, string source, Teardown teardown, CancellationToken cancellationToken)
    {
        var readOnly = MountOptions.Parse(mount.Options).IsReadOnly;
        var disk = await disks.AddAsync(source, readOnly, teardown, cancellationToken).ConfigureAwait(false);
        if (directory is not null)
        {
            var name = AddDirectory(directory, id, teardown);
            teardown.Push($"mount point of {id}", () => directory.RemoveMountPoint(name, isDirectory: true));
            directory.AddMountPoint(name, isDirectory: true);
        }

        var guestPath = GuestPaths.Of($"{id}/rootfs");
        var storage = new Storage { Driver = disk.Driver, Source = disk.Source, Fstype = mount.Type, MountPoint = guestPath };
        storage.Options.AddRange(mount.Options.Where(option => option is not "loop"));
        // Snapshots of one volume have one UUID, which xfs refuses to mount twice.
        if (mount.Type == "xfs" && !storage.Options.Contains("nouuid"))
            storage.Options.Add("nouuid");
        return (guestPath, [storage]);
    }
}
