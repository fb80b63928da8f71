using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Hypervisors.External.Qemu.Devices;
using Kata.Linux;

namespace Kata.Hypervisors.External.Qemu;

/// <content>Devices, at boot and later.</content>
internal partial class QemuHypervisor
{
    private readonly List<QemuDevice> _devices = [];
    private int _lastDeviceNumber;

    public async ValueTask<AttachedDevice> AddDeviceAsync(Device device, CancellationToken cancellationToken)
    {
        if (_devices.Exists(other => other.Device.Id == device.Id))
            throw new HypervisorException($"There is a device {device.Id} already.", null, KataErrorKind.AlreadyExists);
        var added = _process is null ? Model(device, _slots.TakeRoot()) : await PlugAsync(device, cancellationToken);
        _devices.Add(added);
        QemuLog.Attached(Logger, device.Id, added.Slot.GuestAddress.Path);
        return new AttachedDevice(device, added.Slot.GuestAddress);
    }

    public async ValueTask RemoveDeviceAsync(string deviceId, CancellationToken cancellationToken)
    {
        if (_devices.Find(other => other.Device.Id == deviceId) is not { } device || _exited.Task.IsCompleted)
            return;
        if (device.Slot.BridgeSlot is null)
            throw new NotSupportedByHypervisorException(QemuProvider.ProviderName, $"removing device {deviceId}, which was there at boot");
        await device.UnplugAsync(Qmp, Time, cancellationToken);
        _devices.Remove(device);
        _slots.Return(device.Slot);
    }

    private async Task<QemuDevice> PlugAsync(Device device, CancellationToken cancellationToken)
    {
        if (!Machine.CanHotplug || Configuration.Bridges == 0)
        {
            throw new NotSupportedByHypervisorException(
                QemuProvider.ProviderName, $"hot-plug with machine type {Machine.Type} and {Configuration.Bridges} bridges (default_bridges)");
        }

        var slot = _slots.Take();
        var undo = new Undo(Logger, device.Id);
        try
        {
            var model = Model(device, slot);
            await model.PlugAsync(Qmp, undo, cancellationToken);
            return model;
        }
        catch
        {
            await undo.RunAsync();
            _slots.Return(slot);
            throw;
        }
    }

    private QemuDevice Model(Device device, PciSlot slot) => device switch
    {
        BlockDevice block => new QemuBlockDevice(block, slot, ++_lastDeviceNumber, Configuration.BlockDeviceAio),
        NetworkDevice network =>
            new QemuNetworkDevice(network, slot, ++_lastDeviceNumber, _context.NetworkNamespacePath, !Configuration.DisableVhostNet),
        SharedFileSystemDevice { SocketPath: not null } shared => new QemuSharedFileSystem(shared, slot),
        _ => throw new NotSupportedByHypervisorException(QemuProvider.ProviderName, $"devices like {device}"),
    };

    /// <summary>The host kernel's vsock where there is one, otherwise the one in this process.</summary>
    private VsockChannel OpenVsock()
    {
        try
        {
            return KernelVsock.Open();
        }
        catch (LinuxException exception)
        {
            QemuLog.UserVsock(Logger, exception.Message);
            return UserVsock.Open(_context);
        }
    }
}
