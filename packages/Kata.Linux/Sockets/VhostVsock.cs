using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>The host kernel's vsock device for guests (linux/vhost.h).</summary>
public static class VhostVsock
{
    /// <summary>Where the device is.</summary>
    public const string DevicePath = "/dev/vhost-vsock";

    private const int Attempts = 50;
    private const uint FirstGuestCid = 3;

    /// <summary>VHOST_VSOCK_SET_GUEST_CID: _IOW(0xAF, 0x60, __u64).</summary>
    private const nuint VHOST_VSOCK_SET_GUEST_CID = 0x4008af60;

    /// <summary>Opens the device with a context id that no other guest of this host has. The id is taken as long as the descriptor lives.</summary>
    /// <exception cref="LinuxException">ENOENT without the device; EACCES; EADDRINUSE when no free id was found.</exception>
    public static unsafe (SafeFileHandle Device, uint GuestCid) Open()
    {
        var device = FileDescriptors.Open(DevicePath, OpenFlags.ReadWrite);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            ulong cid = FirstGuestCid + (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
            if (ioctl(device, VHOST_VSOCK_SET_GUEST_CID, &cid) == 0)
                return (device, (uint)cid);
            if (LinuxException.LastErrno != Errno.EADDRINUSE)
                break;
        }

        var error = LinuxException.FromLastError("VHOST_VSOCK_SET_GUEST_CID", DevicePath);
        device.Dispose();
        throw error;
    }
}
