using Kata.Abstractions.Devices;
using Kata.Hypervisors.External.Qemu.CommandLine;

namespace Kata.Hypervisors.External.Qemu.Devices;

/// <summary>virtio-fs, served by a vhost-user process such as virtiofsd.</summary>
internal sealed class QemuSharedFileSystem(SharedFileSystemDevice device, PciSlot slot) : QemuDevice(device, slot)
{
    public override bool NeedsSharedMemory => true;

    public override void AddTo(QemuArguments arguments)
    {
        arguments.Add("-chardev", $"socket,id=fs-{device.Id},path={QemuArguments.Escape(device.SocketPath!)}");
        var frontend = Frontend("vhost-user-fs-pci");
        frontend["chardev"] = $"fs-{device.Id}";
        frontend["tag"] = device.Tag;
        if (device.QueueSize > 0)
            frontend["queue-size"] = device.QueueSize;
        arguments.Add("-device", frontend);
    }
}
