using System.Runtime.InteropServices;
using static Kata.Linux.Interop;

namespace Kata.Linux;

public static partial class TapDevice
{
    /// <summary>struct virtio_net_hdr_mrg_rxbuf, which virtio 1 uses for all frames: 12 bytes.</summary>
    public const int HeaderBytes = 12;

    private const short IFF_ATTACH_QUEUE = 0x0200;
    private const short IFF_DETACH_QUEUE = 0x0400;

    /// <summary>TUNSETOFFLOAD: _IOW('T', 208, unsigned int), TUNSETVNETHDRSZ: 216, TUNSETQUEUE: 217, TUNSETVNETLE: 220.</summary>
    private const nuint TUNSETOFFLOAD = 0x400454d0, TUNSETVNETHDRSZ = 0x400454d8, TUNSETQUEUE = 0x400454d9, TUNSETVNETLE = 0x400454dc;

    /// <summary>
    /// Makes the device's frames begin with <see cref="HeaderBytes"/> in little-endian byte order, whatever an earlier user asked for. The
    /// kernel leaves the last two bytes of a header as they are.
    /// </summary>
    /// <exception cref="LinuxException">EBADFD when the device is gone.</exception>
    public static unsafe void UseVirtioHeader(SafeHandle queue)
    {
        int size = HeaderBytes, littleEndian = 1;
        LinuxException.Check(ioctl(queue, TUNSETVNETHDRSZ, &size), "TUNSETVNETHDRSZ");
        LinuxException.Check(ioctl(queue, TUNSETVNETLE, &littleEndian), "TUNSETVNETLE");
    }

    /// <summary>
    /// Tells the kernel what the reader of the device takes; it does the rest itself. For all queues. False when this kernel does not know
    /// all of it, and nothing has changed.
    /// </summary>
    /// <exception cref="LinuxException">EBADFD when the device is gone.</exception>
    public static bool TrySetOffloads(SafeHandle queue, TapOffloads offloads)
    {
        if (ioctl_value(queue, TUNSETOFFLOAD, (nint)offloads) == 0)
            return true;
        return LinuxException.LastErrno == Errno.EINVAL ? false : throw LinuxException.FromLastError("TUNSETOFFLOAD", offloads.ToString());
    }

    /// <summary>Lets the kernel spread frames to one queue of a multi-queue device, or not: then none arrives there.</summary>
    /// <exception cref="LinuxException">EINVAL when it is so already; EBADFD when the device is gone.</exception>
    public static unsafe void SetQueueEnabled(SafeHandle queue, bool enabled)
    {
        var request = default(InterfaceRequest);
        request.Flags = enabled ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE;
        LinuxException.Check(ioctl(queue, TUNSETQUEUE, &request), "TUNSETQUEUE", enabled ? "attach" : "detach");
    }
}
