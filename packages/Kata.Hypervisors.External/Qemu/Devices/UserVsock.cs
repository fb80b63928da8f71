using Kata.Abstractions;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Linux;
using Kata.Virtio;
using Microsoft.Win32.SafeHandles;

namespace Kata.Hypervisors.External.Qemu.Devices;

/// <summary>vsock without the host's kernel: a vhost-user device in this process, with a hybrid socket in the run directory.</summary>
internal sealed class UserVsock : VsockChannel
{
    private const string SocketName = "vsock.sock";

    /// <summary>Any will do: nobody else shares this device.</summary>
    private const uint GuestCid = 3;

    private readonly VhostUserVsock _device;
    private readonly SafeFileHandle _far;
    private readonly HybridVsockGuestEndpoint _endpoint;

    private UserVsock(VhostUserVsock device, SafeFileHandle far, string path)
    {
        _device = device;
        _far = far;
        _endpoint = new HybridVsockGuestEndpoint(path);
    }

    public override GuestEndpoint Endpoint => _endpoint;

    public override bool NeedsSharedMemory => true;

    /// <summary>Starts the device.</summary>
    /// <exception cref="HypervisorException">The hybrid socket cannot be made.</exception>
    public static UserVsock Open(HypervisorContext context)
    {
        var path = Path.Combine(context.RunDirectory, SocketName);
        var (near, far) = UnixSocket.Pair();
        try
        {
            var device = VhostUserVsock.Start(new VhostUserVsockOptions
            {
                VhostUserConnection = near,
                HybridSocketPath = path,
                GuestCid = GuestCid,
                Logger = context.Logger,
            });
            return new UserVsock(device, far, path);
        }
        catch (LinuxException exception)
        {
            near.Dispose();
            far.Dispose();
            throw new HypervisorException($"The vsock device cannot be started: {exception.Message}", exception);
        }
    }

    public override void AddTo(QemuArguments arguments, PciSlot slot)
    {
        arguments.Add("-chardev", $"socket,id=vsock,fd={arguments.AddDescriptor(_far)}");
        var frontend = Frontend("vhost-user-vsock-pci", slot);
        frontend["chardev"] = "vsock";
        arguments.Add("-device", frontend);
    }

    public override async ValueTask DisposeAsync()
    {
        _far.Dispose();
        await _device.DisposeAsync();
    }
}
