using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>TAP network devices (linux/if_tun.h).</summary>
public static partial class TapDevice
{
    private const short IFF_TAP = 0x0002;
    private const short IFF_NO_PI = 0x1000;
    private const short IFF_VNET_HDR = 0x4000;
    private const short IFF_MULTI_QUEUE = 0x0100;
    private const int IFNAMSIZ = 16;

    /// <summary>TUNSETIFF: _IOW('T', 202, int).</summary>
    private const nuint TUNSETIFF = 0x400454ca;

    /// <summary>Whether the calling thread's network namespace has an interface of this name.</summary>
    public static bool Exists(string name) => if_nametoindex(name) != 0;

    /// <summary>
    /// Opens one more queue of a TAP device in the calling thread's network namespace (<see cref="Namespaces.RunIn"/>), with virtio-net
    /// headers. A device that does not exist is made and lives as long as the descriptor.
    /// </summary>
    /// <exception cref="LinuxException">EBUSY when a device of one queue is open already; ENOENT or EACCES for /dev/net/tun.</exception>
    public static unsafe SafeFileHandle OpenQueue(string name, bool multiQueue)
    {
        var request = default(InterfaceRequest);
        if (name.Length is 0 or >= IFNAMSIZ || System.Text.Encoding.UTF8.GetBytes(name, new Span<byte>(request.Name, IFNAMSIZ - 1)) != name.Length)
            throw new LinuxException("TUNSETIFF", name, Errno.EINVAL);
        request.Flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (multiQueue ? IFF_MULTI_QUEUE : 0));
        var queue = FileDescriptors.Open("/dev/net/tun", OpenFlags.ReadWrite | OpenFlags.NonBlocking);
        if (ioctl(queue, TUNSETIFF, &request) == 0)
            return queue;
        var error = LinuxException.FromLastError("TUNSETIFF", name);
        queue.Dispose();
        throw error;
    }

    /// <summary>
    /// As <see cref="OpenQueue"/>, for a device that somebody else has made. One queue of a device for several can be opened, too.
    /// </summary>
    /// <exception cref="LinuxException">
    /// ENODEV when there is no such device; EINVAL when it is for one queue only; otherwise as <see cref="OpenQueue"/>.
    /// </exception>
    public static SafeFileHandle OpenExistingQueue(string name, bool multiQueue)
    {
        if (!Exists(name))
            throw new LinuxException("open", name, Errno.ENODEV);
        try
        {
            return OpenQueue(name, multiQueue);
        }
        catch (LinuxException exception) when (exception.Errno == Errno.EINVAL && !multiQueue)
        {
            // The kernel wants the same flag that the device was made with.
            return OpenQueue(name, multiQueue: true);
        }
    }

    /// <summary>struct ifreq as far as TUNSETIFF reads it, 40 bytes.</summary>
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Size = 40)]
    private unsafe struct InterfaceRequest
    {
        internal fixed byte Name[IFNAMSIZ];
        internal short Flags;
    }
}
