using Kata.Abstractions;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Hypervisors.External.Qemu.Devices;

/// <summary>vsock through the host's kernel (vhost-vsock). The context id is taken as long as the VM lives.</summary>
internal sealed class KernelVsock : VsockChannel
{
    private readonly SafeFileHandle _device;
    private readonly VsockGuestEndpoint _endpoint;

    private KernelVsock(SafeFileHandle device, uint guestCid)
    {
        _device = device;
        _endpoint = new VsockGuestEndpoint(guestCid);
    }

    public override GuestEndpoint Endpoint => _endpoint;

    public override bool NeedsSharedMemory => false;

    /// <summary>Takes a context id.</summary>
    /// <exception cref="LinuxException">The host has no vhost-vsock, or it is not accessible.</exception>
    public static KernelVsock Open()
    {
        var (device, cid) = VhostVsock.Open();
        return new KernelVsock(device, cid);
    }

    public override void AddTo(QemuArguments arguments, PciSlot slot)
    {
        var frontend = Frontend("vhost-vsock-pci", slot);
        frontend["guest-cid"] = _endpoint.Cid;
        frontend["vhostfd"] = arguments.AddDescriptor(_device);
        arguments.Add("-device", frontend);
    }

    public override ValueTask DisposeAsync()
    {
        _device.Dispose();
        return ValueTask.CompletedTask;
    }
}
