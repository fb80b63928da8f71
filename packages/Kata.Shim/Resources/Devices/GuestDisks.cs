using System.Globalization;
using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Linux;

namespace Kata.Shim.Resources.Devices;

/// <summary>Plugs files and block devices of the host into the VM as disks. One that several containers use is plugged once.</summary>
internal sealed class GuestDisks(IHypervisor hypervisor, string hypervisorName, HypervisorCapabilities capabilities, bool directIo) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<string, Plugged> _plugged = new(StringComparer.Ordinal);
    private int _lastId;

    /// <summary>Plugs one, or uses the one that is plugged.</summary>
    /// <param name="hostPath">The file or block device.</param>
    /// <param name="readOnly">The guest cannot write.</param>
    /// <param name="teardown">Gets the step that gives it back.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<GuestDisk> AddAsync(string hostPath, bool readOnly, Teardown teardown, CancellationToken cancellationToken)
    {
        if (!capabilities.HasFlag(HypervisorCapabilities.BlockDeviceHotplug))
            throw new NotSupportedByHypervisorException(hypervisorName, $"block devices while it runs, which {hostPath} needs");
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_plugged.TryGetValue(hostPath, out var plugged))
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"disk{++_lastId}");
                var device = new BlockDevice { Id = id, HostPath = hostPath, ReadOnly = readOnly, DirectIo = directIo };
                var attached = await hypervisor.AddDeviceAsync(device, cancellationToken).ConfigureAwait(false);
                plugged = new Plugged(id, readOnly, DiskAt(attached.Address));
                _plugged.Add(hostPath, plugged);
            }
            else if (plugged.ReadOnly && !readOnly)
            {
                throw new KataException(KataErrorKind.FailedPrecondition, $"{hostPath} is in the guest read-only already and cannot be made writable.");
            }

            plugged.Uses++;
            teardown.Push($"disk {hostPath}", () => ReleaseAsync(hostPath));
            return plugged.Disk;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>To be called when nothing is plugged any more.</summary>
    public void Dispose() => _turn.Dispose();

    private async ValueTask ReleaseAsync(string hostPath)
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            var plugged = _plugged[hostPath];
            if (--plugged.Uses > 0)
                return;
            _plugged.Remove(hostPath);
            // With the VM gone the disk is gone too.
            if (!hypervisor.Exited.IsCompleted)
                await hypervisor.RemoveDeviceAsync(plugged.Id, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    private static GuestDisk DiskAt(GuestAddress address) => address switch
    {
        PciAddress pci => new GuestDisk("blk", pci.Path),
        ScsiAddress scsi => new GuestDisk("scsi", string.Create(CultureInfo.InvariantCulture, $"{scsi.Target}:{scsi.Lun}")),
        DeviceNodeAddress node => new GuestDisk("mmioblk", node.Path),
        _ => throw new KataException(KataErrorKind.Internal, "The hypervisor does not say where the guest finds the disk."),
    };

    private sealed class Plugged(string id, bool readOnly, GuestDisk disk)
    {
        public string Id => id;

        public bool ReadOnly => readOnly;

        public GuestDisk Disk => disk;

        public int Uses { get; set; }
    }
}
