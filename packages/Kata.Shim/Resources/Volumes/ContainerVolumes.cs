using Kata.Abstractions;
using Kata.Linux;
using Kata.Protocols.Agent;
using Kata.Shim.Resources.Devices;
using Kata.Shim.Resources.Rootfs;
using Kata.Shim.Resources.SharedFs;
using Microsoft.Extensions.Logging;
using Mount = Kata.Protocols.Oci.Mount;

namespace Kata.Shim.Resources.Volumes;

/// <summary>
/// The mounts of a container. Bind mounts of the host's files are shared and become bind mounts of the guest's view of them; shared
/// memory is the sandbox's; everything else is for the guest to mount as it is.
/// </summary>
/// <param name="volumes">Shares files; null when nothing is shared.</param>
/// <param name="disks">Plugs disks.</param>
/// <param name="logger">Where to log.</param>
internal sealed class ContainerVolumes(SharedVolumes? volumes, GuestDisks disks, ILogger logger)
{
    /// <summary>Prepares the mounts.</summary>
    /// <param name="mounts">The container's mounts.</param>
    /// <param name="bundle">The directory relative sources begin at.</param>
    /// <param name="teardown">Gets the steps that undo it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The mounts for the guest, in the same order, and the storages the agent must mount first.</returns>
    public async ValueTask<(IReadOnlyList<Mount> Mounts, IReadOnlyList<Storage> Storages)> AddAsync(
        IReadOnlyList<Mount>? mounts, string bundle, Teardown teardown, CancellationToken cancellationToken)
    {
        var guestMounts = new List<Mount>();
        var storages = new List<Storage>();
        foreach (var given in mounts ?? [])
        {
            var options = MountOptions.Parse(given.Options ?? []);
            var mount = IsBind(given, options) ? given with { Source = Path.GetFullPath(given.Source ?? "", bundle) } : given;
            if (Normalize(mount.Destination) == "/dev/shm")
                guestMounts.Add(mount with { Type = "bind", Source = GuestPaths.SharedMemory, Options = ["rbind"] });
            else if (!IsHostBind(mount, options))
                guestMounts.Add(mount);
            else
                guestMounts.Add(await AddBindAsync(mount, options, storages, teardown, cancellationToken).ConfigureAwait(false));
        }

        return (guestMounts, storages);
    }

    private async ValueTask<Mount> AddBindAsync(
        Mount mount, MountOptions options, List<Storage> storages, Teardown teardown, CancellationToken cancellationToken)
    {
        var source = mount.Source!;
        FileKind kind;
        try
        {
            kind = FileDescriptors.Status(source)?.Kind ?? throw Missing(mount, "it does not exist on the host");
        }
        catch (LinuxException exception)
        {
            throw Missing(mount, exception.Message, exception);
        }

        switch (kind)
        {
            case FileKind.BlockDevice:
                return await AddDiskAsync(mount, options, storages, teardown, cancellationToken).ConfigureAwait(false);
            case FileKind.CharacterDevice:
                // The guest has its own devices; one of the host's would not work there.
                ResourcesLog.SpecialFile(logger, mount.Destination ?? "", source, "character device");
                return mount;
            case FileKind.Socket or FileKind.Fifo:
                ResourcesLog.SpecialFile(logger, mount.Destination ?? "", source, kind == FileKind.Socket ? "socket" : "fifo");
                break;
        }

        if (volumes is null)
        {
            throw new KataException(
                KataErrorKind.NotSupported, $"Mount {mount.Destination}: {source} cannot be brought into the guest, because nothing is shared with it (shared_fs).");
        }

        try
        {
            var volume = volumes.Add(source, (options.Flags & MountFlags.Recursive) != 0, options.IsReadOnly);
            teardown.Push($"volume {source}", volume.Release);
            return mount with { Source = volume.GuestPath };
        }
        catch (LinuxException exception)
        {
            throw Missing(mount, exception.Message, exception);
        }
    }

    /// <summary>A block device is a file system when it is mounted as a directory, and a device when the destination is below /dev.</summary>
    private async ValueTask<Mount> AddDiskAsync(
        Mount mount, MountOptions options, List<Storage> storages, Teardown teardown, CancellationToken cancellationToken)
    {
        var disk = await disks.AddAsync(mount.Source!, options.IsReadOnly, teardown, cancellationToken).ConfigureAwait(false);
        var asDevice = Normalize(mount.Destination).StartsWith("/dev/", StringComparison.Ordinal);
        var name = $"{disk.Source.Replace('/', '-').TrimStart('-')}-{Path.GetFileName(mount.Source!.TrimEnd('/'))}";
        if (volumes is not null)
        {
            volumes.AddMountPoint(name, isDirectory: !asDevice);
            teardown.Push($"mount point of {mount.Source}", () => volumes.RemoveMountPoint(name, isDirectory: !asDevice));
        }

        var storage = new Storage
        {
            Driver = disk.Driver,
            Source = disk.Source,
            Fstype = asDevice ? "bind" : "ext4",
            MountPoint = GuestPaths.Of(name),
        };
        storage.Options.AddRange((mount.Options ?? []).Where(option => option is not ("bind" or "rbind")));
        storages.Add(storage);
        return mount with { Source = storage.MountPoint };
    }

    /// <summary>The host's own devices and kernel file systems are not for the guest, which has its own under the same names.</summary>
    private static bool IsHostBind(Mount mount, MountOptions options)
    {
        if (!IsBind(mount, options))
            return false;
        var source = Normalize(mount.Source);
        return !IsAtOrBelow(source, "/proc") && !IsAtOrBelow(source, "/sys") && !(IsAtOrBelow(source, "/dev") && IsHostDevice(source));
    }

    private static bool IsBind(Mount mount, MountOptions options) => mount.Type == "bind" || options.IsBind;

    private static bool IsHostDevice(string source) => source == "/dev" || FileDescriptors.Status(source)?.Kind == FileKind.CharacterDevice;

    private static bool IsAtOrBelow(string path, string directory) =>
        path == directory || path.StartsWith($"{directory}/", StringComparison.Ordinal);

    private static string Normalize(string? path) => string.IsNullOrEmpty(path) ? "" : Path.GetFullPath(path, "/").TrimEnd('/');

    private static KataException Missing(Mount mount, string reason, Exception? inner = null) =>
        new(KataErrorKind.InvalidArgument, $"Mount {mount.Destination}: {mount.Source} cannot be used: {reason}.", inner);
}
