using System.Globalization;
using Grpc.Core;
using Kata.Guest.Agent.Streams;
using Kata.Linux;

namespace Kata.Guest.Agent.Devices;

/// <summary>Finds the nodes of disks, which may be there since boot or be plugged in any moment.</summary>
internal sealed class BlockDevices
{
    private const string PciRoot = "/sys/devices/pci0000:00";

    private readonly ReadinessPoller _poller;
    private readonly Func<string, CancellationToken, Task> _loadModule;
    private readonly TimeSpan _timeout;

    public BlockDevices(ReadinessPoller poller, Func<string, CancellationToken, Task> loadModule, TimeSpan timeout)
    {
        _poller = poller;
        _loadModule = loadModule;
        _timeout = timeout;
    }

    /// <summary>Waits for a disk.</summary>
    /// <param name="driver">blk, mmioblk, nvdimm or scsi.</param>
    /// <param name="address">A node, or a PCI path (blk), or <c>ID:LUN</c> (scsi).</param>
    /// <returns>The node, such as <c>/dev/vda</c>.</returns>
    /// <exception cref="AgentException">INVALID_ARGUMENT for a wrong address, DEADLINE_EXCEEDED when it does not appear.</exception>
    public async Task<string> WaitAsync(string driver, string address, CancellationToken cancellationToken)
    {
        var find = Finder(driver, address);
        if (driver == "scsi")
        {
            await _loadModule("virtio_scsi", cancellationToken);
            await _loadModule("sd_mod", cancellationToken);
        }

        // Subscribed before the first look: an event between look and subscription would be lost.
        using var events = KernelEvents.Subscribe();
        using var readiness = _poller.Watch(events);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(_timeout);
        try
        {
            while (true)
            {
                if (find() is { } node)
                    return node;
                await readiness.WaitAsync(EpollEvents.Readable, timeout.Token);
                KernelEvents.Drain(events);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AgentException(
                StatusCode.DeadlineExceeded,
                string.Create(CultureInfo.InvariantCulture, $"The disk {driver} '{address}' did not appear within {_timeout.TotalSeconds} s."));
        }
    }

    private static Func<string?> Finder(string driver, string address)
    {
        if (GuestFiles.IsBelow(address, "/dev"))
            return () => FileDescriptors.Status(address) is { Kind: FileKind.BlockDevice } ? address : null;
        if (driver == "blk" && PciPath.TryParse(address) is { } path)
            return () => path.Find(PciRoot) is { } device ? DiskBelow(device) : null;
        if (driver == "scsi" && ScsiAddress.TryParse(address) is { } scsi)
            return () => scsi.Find() is { } device ? DiskBelow(device) : null;
        throw AgentException.Invalid($"'{address}' is no address of a {driver} disk.");
    }

    /// <summary>The node of the disk of a device: <c>…/block/NAME</c> in it, or in its virtio device.</summary>
    private static string? DiskBelow(string device)
    {
        IEnumerable<string> places = Directory.EnumerateDirectories(device, "virtio*").Append(device);
        var disk = places.Select(place => Path.Combine(place, "block")).Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories).FirstOrDefault();
        if (disk is null)
            return null;
        var node = "/dev/" + Path.GetFileName(disk);
        return File.Exists(node) ? node : null;
    }
}
