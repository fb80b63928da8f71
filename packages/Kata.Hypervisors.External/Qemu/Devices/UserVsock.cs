using Kata.Abstractions;

namespace Kata.Hypervisors.External.Qemu.Devices;

internal static class UserVsock
{
    public static VsockChannel Open(HypervisorContext context) => throw new HypervisorException("This host has no /dev/vhost-vsock: modprobe vhost_vsock.");
}
