using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.VhostUser;
using Kata.Virtio.Vsock;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio;

/// <summary>
/// A virtio socket device for a VMM with vhost-user support, served by this process: the host's side of the guest's AF_VSOCK without
/// /dev/vhost-vsock. Host clients connect to <see cref="VirtioVsockOptions.HybridSocketPath"/> and send <c>CONNECT port\n</c>; the
/// device
/// answers <c>OK hostport\n</c> once the guest has accepted, and closes the socket when it has not. While the guest's driver is not up, the
/// line is held. A guest that connects to port P of the host (CID 2) reaches the unix socket <c>HybridSocketPath_P</c>.
/// </summary>
/// <remarks>
/// The device has one thread, which sleeps unless there is something to do. The VMM may disconnect and connect again; its streams end then.
/// A guest or VMM that breaks the rules loses the device, which is logged, and harms nothing else.
/// </remarks>
/// <example>
/// <code>
/// await using var vsock = VhostUserVsock.Start(new VhostUserVsockOptions
/// {
///     VhostUserSocketPath = "/run/vm/vhost-user.sock",
///     HybridSocketPath = "/run/vm/vsock.sock",
///     GuestCid = 3,
/// });
/// // qemu-system-x86_64 -object memory-backend-memfd,id=ram,size=512M,share=on -machine q35,memory-backend=ram
/// //   -chardev socket,id=vsock0,path=/run/vm/vhost-user.sock -device vhost-user-vsock-pci,chardev=vsock0 …
/// </code>
/// </example>
public sealed class VhostUserVsock : IAsyncDisposable
{
    private readonly DeviceThread _thread;

    private VhostUserVsock(DeviceThread thread, VhostUserServer server, string? socketPath, ILogger logger)
    {
        _thread = thread;
        _ = LogFailureAsync(logger);
        thread.Start(server, () =>
        {
            server.Dispose();
            if (socketPath is not null)
                FileSystem.Unlink(socketPath);
        });
    }

    /// <summary>
    /// Ends when the device has: after <see cref="DisposeAsync"/>, or when the VMM closed a <see
    /// cref="VhostUserVsockOptions.VhostUserConnection"/>.
    /// Faults when the device failed, which is a defect or the host's lack of resources, never the guest's doing.
    /// </summary>
    public Task Completed => _thread.Completed;

    /// <summary>Makes the sockets and starts the device. When this returns, the VMM and host clients can connect.</summary>
    /// <exception cref="ArgumentException">The options contradict each other or are out of range.</exception>
    /// <exception cref="LinuxException">A socket could not be made: EADDRINUSE when its path exists, ENAMETOOLONG when it is too long.</exception>
    public static VhostUserVsock Start(VhostUserVsockOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if ((options.VhostUserSocketPath is null) == (options.VhostUserConnection is null))
            throw new ArgumentException("Either VhostUserSocketPath or VhostUserConnection is needed, not both.", nameof(options));

        var thread = new DeviceThread("vhost-vsock");
        var loop = thread.Loop;
        var path = options.VhostUserSocketPath;
        VsockMuxer? muxer = null;
        SafeFileHandle? vmm = null;
        try
        {
            muxer = VsockMuxer.Listening(loop, options);
            var device = new VsockDevice(muxer, options.GuestCid, options.Logger);
            vmm = path is null ? options.VhostUserConnection! : UnixSocket.Listen(path);
            FileDescriptors.SetNonBlocking(vmm, true);
            var server = path is null
                ? VhostUserServer.Connected(loop, vmm, device, muxer, options.Logger)
                : VhostUserServer.Listening(loop, vmm, device, muxer, options.Logger);
            return new VhostUserVsock(thread, server, path, options.Logger);
        }
        catch
        {
            vmm?.Dispose();
            if (vmm is not null && path is not null)
                FileSystem.Unlink(path);
            muxer?.Dispose();
            loop.Dispose();
            throw;
        }
    }

    /// <summary>Stops the device: closes its connections and removes its sockets.</summary>
    public ValueTask DisposeAsync() => _thread.DisposeAsync();

    private async Task LogFailureAsync(ILogger logger)
    {
        try
        {
            await Completed.ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            VsockLog.DeviceFailed(logger, failure);
        }
    }
}
