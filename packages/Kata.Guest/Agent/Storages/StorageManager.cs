using Grpc.Core;
using Kata.Guest.Agent.Devices;
using Kata.Guest.Agent.Logging;
using Kata.Linux;
using Kata.Protocols.Agent;
using Microsoft.Extensions.Logging;

namespace Kata.Guest.Agent.Storages;

/// <summary>Makes what containers mount: shares, disks, memory file systems, overlays. One at a time, in the order given.</summary>
internal sealed class StorageManager : IDisposable
{
    private readonly string _base;
    private readonly BlockDevices _disks;
    private readonly Func<string, CancellationToken, Task> _loadModule;
    private readonly ILogger _log;
    private readonly StorageTable _table = new();
    private readonly Dictionary<string, bool> _isMount = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <param name="baseDirectory">Every mount point lies below it: <see cref="GuestPaths.Base"/>.</param>
    /// <param name="loadModule">Makes a file system available.</param>
    public StorageManager(string baseDirectory, BlockDevices disks, Func<string, CancellationToken, Task> loadModule, ILogger log)
    {
        _base = baseDirectory;
        _disks = disks;
        _loadModule = loadModule;
        _log = log;
    }

    /// <summary>Makes storages, or counts one more user of those that exist.</summary>
    /// <returns>The mount points, for <see cref="ReleaseAsync"/>.</returns>
    /// <exception cref="AgentException">One cannot be made; none of these is left behind.</exception>
    public async Task<IReadOnlyList<string>> AddAsync(
        IEnumerable<Storage> storages, string? containerId, CancellationToken cancellationToken)
    {
        var added = new List<string>();
        try
        {
            foreach (var storage in storages)
            {
                var mountPoint = GuestFiles.Check(storage.MountPoint, _base, "mount point");
                await _turn.WaitAsync(cancellationToken);
                try
                {
                    added.Add(mountPoint);
                    if (_table.Acquire(mountPoint))
                        await MakeAsync(storage, mountPoint, containerId, cancellationToken);
                }
                finally
                {
                    _turn.Release();
                }
            }

            return added;
        }
        catch
        {
            await ReleaseAsync(added);
            throw;
        }
    }

    /// <summary>Removes the mounts whose last user this was, in reverse order.</summary>
    public async Task ReleaseAsync(IReadOnlyList<string> mountPoints)
    {
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            foreach (var mountPoint in mountPoints.Reverse())
            {
                if (_table.Release(mountPoint))
                    Remove(mountPoint);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task MakeAsync(Storage storage, string mountPoint, string? containerId, CancellationToken cancellationToken)
    {
        if (storage.DriverOptions.FirstOrDefault(o => o == "create_filesystem" || o.StartsWith("encryption_key=", StringComparison.Ordinal)) is { } o)
            throw AgentException.Unimplemented($"The storage on {mountPoint} wants '{o}', which this guest cannot do.");

        using var directory = GuestFiles.OpenDirectory(_base, mountPoint);
        var target = GuestFiles.PathOf(directory);
        if (storage.Driver == "local")
        {
            LocalDirectory.Prepare(target, storage.Options);
            _isMount[mountPoint] = false;
            return;
        }

        var request = await DescribeAsync(storage, containerId, cancellationToken);
        if (request.Module is { } module)
            await _loadModule(module, cancellationToken);
        try
        {
            Mount(request, target, mountPoint);
        }
        catch (LinuxException e)
        {
            throw AgentException.Failed($"The storage {storage.Driver} '{storage.Source}' cannot be mounted on {mountPoint}: {e.Message}", e);
        }

        _isMount[mountPoint] = true;
        // The descriptor still names the directory below the mount.
        FileSystemGroup.Apply(mountPoint, storage);
        _log.StorageMounted(storage.Driver, storage.Source, mountPoint);
    }

    private async Task<MountRequest> DescribeAsync(Storage storage, string? containerId, CancellationToken cancellationToken)
    {
        var options = MountOptions.Parse(storage.Options);
        switch (storage.Driver)
        {
            case "virtio-fs":
                return new(storage.Source, "virtiofs", options, "virtiofs");
            case "ephemeral" when storage.Fstype == "hugetlbfs":
                HugePages.Reserve(storage.Options);
                return new("nodev", "hugetlbfs", options, null);
            case "ephemeral":
                return new(storage.Source, "tmpfs", MountOptions.Parse(storage.Options.Where(o => !FileSystemGroup.IsOption(o))), null);
            case "overlayfs":
                return new("overlay", "overlay", OverlayDirectories.Prepare(storage, _base, containerId), "overlay");
            case "bind" or "watchable-bind":
                var source = GuestFiles.Check(storage.Source, _base, "source");
                return new(source, "", options with { Flags = options.Flags | MountFlags.Bind }, null);
            case "blk" or "mmioblk" or "nvdimm" or "scsi":
                var device = await _disks.WaitAsync(storage.Driver, storage.Source, cancellationToken);
                return new(device, storage.Fstype, options, storage.Fstype);
            default:
                throw new AgentException(StatusCode.InvalidArgument, $"There is no storage driver '{storage.Driver}' in this guest.");
        }
    }

    private static void Mount(MountRequest request, string target, string mountPoint)
    {
        var options = request.Options;
        if (!options.Flags.HasFlag(MountFlags.Bind))
        {
            MountPoint.Mount(request.Source, target, request.Type, options.Flags, options.Data);
        }
        else
        {
            MountPoint.Bind(request.Source, target, options.Flags.HasFlag(MountFlags.Recursive));
            // mount(2) ignores the other flags of a new bind mount. The target's descriptor names what is below the mount now.
            var rest = options.Flags & ~(MountFlags.Bind | MountFlags.Recursive);
            if (rest != 0)
                MountPoint.RemountBind(mountPoint, rest);
        }

        if (options.Propagation != 0)
            MountPoint.SetPropagation(mountPoint, options.Propagation);
    }

    private void Remove(string mountPoint)
    {
        if (!_isMount.Remove(mountPoint, out var isMount))
            return;
        try
        {
            if (!isMount)
            {
                Directory.Delete(mountPoint, recursive: true);
                return;
            }

            MountPoint.Unmount(mountPoint, detach: true);
            FileSystem.RemoveEmptyDirectory(mountPoint);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.StorageNotRemoved(mountPoint, e);
        }
    }

    /// <summary>What to mount, and the kernel module it takes.</summary>
    private readonly record struct MountRequest(string Source, string Type, MountOptions Options, string? Module);
}
