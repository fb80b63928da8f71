using System.Globalization;
using System.Text.Json.Nodes;
using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Hypervisors.External.Qemu.Qmp;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Hypervisors.External.Qemu.Devices;

/// <summary>
/// A virtio disk. This process opens the file and hands it over in a descriptor set, so QEMU needs no access to the path.
/// </summary>
internal sealed class QemuBlockDevice : QemuDevice
{
    private readonly BlockDevice _device;
    private readonly int _number;
    private readonly string _aio;

    /// <param name="device">The disk.</param>
    /// <param name="slot">Where it goes.</param>
    /// <param name="number">Unique within the VM: names the node and the descriptor set.</param>
    /// <param name="aio"><c>block_device_aio</c>.</param>
    public QemuBlockDevice(BlockDevice device, PciSlot slot, int number, string aio)
        : base(device, slot)
    {
        _device = device;
        _number = number;
        // Linux AIO is asynchronous with O_DIRECT only, and QEMU refuses it without; a host can forbid io_uring to everybody.
        _aio = (aio == "native" && !device.DirectIo) || (aio == "io_uring" && IsIoUringDisabled()) ? "threads" : aio;
    }

    private string Node => string.Create(CultureInfo.InvariantCulture, $"disk{_number}");

    public override void AddTo(QemuArguments arguments)
    {
        var file = Open(out var isDevice);
        arguments.Add("-add-fd", $"fd={arguments.AddDescriptor(file)},set={_number}");
        arguments.Add("-blockdev", Backend(isDevice));
        arguments.Add("-device", Disk());
    }

    public override async Task PlugAsync(QmpClient qmp, Undo undo, CancellationToken cancellationToken)
    {
        using (var file = Open(out var isDevice))
        {
            await qmp.ExecuteAsync("add-fd", FdSet(), [file], cancellationToken);
            undo.Push("remove-fd", () => qmp.ExecuteAsync("remove-fd", FdSet()));
            await qmp.ExecuteAsync("blockdev-add", Backend(isDevice), cancellationToken: cancellationToken);
            undo.Push("blockdev-del", () => qmp.ExecuteAsync("blockdev-del", NodeName()));
        }

        await qmp.ExecuteAsync("device_add", Disk(), cancellationToken: cancellationToken);
    }

    public override async Task UnplugAsync(QmpClient qmp, TimeProvider time, CancellationToken cancellationToken)
    {
        await RemoveFrontendAsync(qmp, time, cancellationToken);
        await qmp.ExecuteAsync("blockdev-del", NodeName(), cancellationToken: cancellationToken);
        await qmp.ExecuteAsync("remove-fd", FdSet(), cancellationToken: cancellationToken);
    }

    private JsonObject FdSet() => new() { ["fdset-id"] = _number };

    private JsonObject NodeName() => new() { ["node-name"] = Node };

    private JsonObject Backend(bool isDevice)
    {
        var backend = new JsonObject
        {
            ["driver"] = isDevice ? "host_device" : "file",
            ["node-name"] = Node,
            ["filename"] = string.Create(CultureInfo.InvariantCulture, $"/dev/fdset/{_number}"),
            ["aio"] = _aio,
            ["cache"] = new JsonObject { ["direct"] = _device.DirectIo },
            ["read-only"] = _device.ReadOnly,
        };
        if (_device.Discard)
            backend["discard"] = "unmap";
        // Several VMs may read the same file.
        if (_device.ReadOnly)
            backend["force-share"] = true;
        return backend;
    }

    private JsonObject Disk()
    {
        var disk = Frontend("virtio-blk-pci");
        disk["drive"] = Node;
        disk["disable-legacy"] = "on";
        disk["config-wce"] = false;
        disk["share-rw"] = !_device.ReadOnly;
        disk["discard"] = _device.Discard;
        if (_device.Serial is { } serial)
            disk["serial"] = serial;
        return disk;
    }

    private static bool IsIoUringDisabled()
    {
        const string Setting = "/proc/sys/kernel/io_uring_disabled";
        return File.Exists(Setting) && File.ReadAllText(Setting).Trim() == "2";
    }

    private SafeFileHandle Open(out bool isDevice)
    {
        var flags = (_device.ReadOnly ? OpenFlags.ReadOnly : OpenFlags.ReadWrite) | (_device.DirectIo ? OpenFlags.Direct : 0);
        SafeFileHandle? file = null;
        try
        {
            file = FileDescriptors.Open(_device.HostPath, flags);
            isDevice = FileDescriptors.Status(file).Kind switch
            {
                FileKind.BlockDevice => true,
                FileKind.Regular => false,
                _ => throw new HypervisorException($"{_device.HostPath} is neither a file nor a block device.", null, KataErrorKind.InvalidArgument),
            };
            return file;
        }
        catch (Exception exception)
        {
            file?.Dispose();
            if (exception is LinuxException)
                throw new HypervisorException($"Disk {_device.Id} cannot be opened: {exception.Message}", exception, KataErrorKind.InvalidArgument);
            throw;
        }
    }
}
