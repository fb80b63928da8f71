using System.Runtime.InteropServices;
using System.Text;

namespace Kata.Linux.Netlink;

/// <summary>TAP devices (Documentation/networking/tuntap.rst).</summary>
public static class TapDevice
{
    /// <summary>Bytes of the longest interface name (IFNAMSIZ without the terminator).</summary>
    public const int MaxNameLength = 15;

    private const nuint TUNSETIFF = 0x400454ca, TUNSETPERSIST = 0x400454cb;
    private const short IFF_TAP = 0x0002, IFF_MULTI_QUEUE = 0x0100, IFF_NO_PI = 0x1000, IFF_VNET_HDR = 0x4000;

    /// <summary>
    /// Makes a TAP device in the calling thread's network namespace. It stays until it is deleted; a VMM opens it by its name.
    /// </summary>
    /// <param name="name">The name, which no interface may have yet.</param>
    /// <param name="multiQueue">Whether several queues will be opened.</param>
    /// <exception cref="LinuxException">EBUSY or EINVAL when the name is taken; ENOENT without <c>/dev/net/tun</c>.</exception>
    public static unsafe void Create(string name, bool multiQueue)
    {
        if (Encoding.UTF8.GetByteCount(name) > MaxNameLength)
            throw new LinuxException("TUNSETIFF", name, Errno.ENAMETOOLONG);
        using var tun = FileDescriptors.Open("/dev/net/tun", OpenFlags.ReadWrite);
        var request = default(InterfaceRequest);
        Encoding.UTF8.GetBytes(name, new Span<byte>(request.Name, MaxNameLength));
        request.Flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (multiQueue ? IFF_MULTI_QUEUE : 0));
        LinuxException.Check(Interop.ioctl(tun, TUNSETIFF, &request), "TUNSETIFF", name);
        LinuxException.Check(Interop.ioctl_value(tun, TUNSETPERSIST, 1), "TUNSETPERSIST", name);
    }

    /// <summary>struct ifreq (linux/if.h), 40 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    private unsafe struct InterfaceRequest
    {
        internal fixed byte Name[16];
        internal short Flags;
    }
}
