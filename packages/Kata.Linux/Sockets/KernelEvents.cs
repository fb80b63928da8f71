using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>The kernel's announcements of devices (uevents, over netlink).</summary>
public static class KernelEvents
{
    private const int AF_NETLINK = 16;
    private const int SOCK_DGRAM = 2;
    private const int NETLINK_KOBJECT_UEVENT = 15;
    private const int LongestEvent = 8192;

    /// <summary>A non-blocking socket that is readable when a device came, went or changed since.</summary>
    public static unsafe SafeFileHandle Subscribe()
    {
        var handle = FileDescriptors.Valid(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT), "socket", "netlink");
        try
        {
            var address = new NetlinkAddress { Family = AF_NETLINK, Groups = 1 };
            LinuxException.Check(bind(handle, &address, (uint)sizeof(NetlinkAddress)), "bind", "netlink");
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Throws away what has been announced.</summary>
    public static void Drain(SafeFileHandle socket)
    {
        Span<byte> buffer = stackalloc byte[LongestEvent];
        try
        {
            while (FileDescriptors.Read(socket, buffer) >= 0)
            {
            }
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOBUFS)
        {
            // More came than the socket can hold, and was lost: as good as read.
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct NetlinkAddress
    {
        internal ushort Family;
        internal ushort Padding;
        internal uint Port;
        internal uint Groups;
    }
}
