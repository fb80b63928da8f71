using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.Vsock;

namespace Kata.Virtio;

/// <summary>
/// A virtio socket device: AF_VSOCK of the guest meets unix sockets of the host, without /dev/vhost-vsock. Host clients and guest reach
/// each other as with <see cref="VhostUserVsock"/>. One thread, which sleeps unless there is something to do.
/// </summary>
public sealed class VirtioVsock : VirtioDevice
{
    private readonly VsockMuxer _muxer;

    private VirtioVsock(DeviceThread thread, VsockMuxer muxer, VirtioVsockOptions options)
        : base(new VsockDevice(muxer, options.GuestCid, options.Logger), [thread]) => _muxer = muxer;

    /// <summary>Makes the socket for host clients. They can connect from now on; lines are held until the guest's driver is up.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The guest's CID is below 3.</exception>
    /// <exception cref="LinuxException">
    /// The socket could not be made: EADDRINUSE when its path exists, ENAMETOOLONG when it is too long.
    /// </exception>
    public static VirtioVsock Create(VirtioVsockOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var thread = new DeviceThread("virtio-vsock");
        try
        {
            return new VirtioVsock(thread, VsockMuxer.Listening(thread.Loop, options), options);
        }
        catch
        {
            thread.Loop.Dispose();
            throw;
        }
    }

    private protected override void Release() => _muxer.Dispose();
}
