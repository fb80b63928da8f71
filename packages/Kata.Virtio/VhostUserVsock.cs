using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.VhostUser;
using Kata.Virtio.Vsock;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio;

/// <summary>
/// A virtio socket device for a VMM with vhost-user support, served by this process: the host's side of the guest's AF_VSOCK without
/// /dev/vhost-vsock. Host clients connect to <see cref="VhostUserVsockOptions.HybridSocketPath"/> and send <c>CONNECT port\n</c>; the
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

    private VhostUserVsock(DeviceThread thread, VhostUserServer server, string[] socketPaths, ILogger logger)
    {
        _thread = thread;
        _ = LogFailureAsync(logger);
        thread.Start(server, () =>
        {
            server.Dispose();
            foreach (var path in socketPaths)
                FileSystem.Unlink(path);
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
        ArgumentOutOfRangeException.ThrowIfLessThan(options.GuestCid, 3u, nameof(options.GuestCid));
        if ((options.VhostUserSocketPath is null) == (options.VhostUserConnection is null))
            throw new ArgumentException("Either VhostUserSocketPath or VhostUserConnection is needed, not both.", nameof(options));

        var paths = new List<string>();
        var thread = new DeviceThread("vhost-vsock");
        var loop = thread.Loop;
        VsockMuxer? muxer = null;
        SafeFileHandle? vmm = null;
        try
        {
            muxer = new VsockMuxer(
                loop, Listen(options.HybridSocketPath, paths), options.HybridSocketPath, options.GuestCid, options.GuestReadyTimeout, options.Logger);
            var device = new VsockDevice(muxer, options.GuestCid, options.Logger);
            VhostUserServer server;
            if (options.VhostUserSocketPath is { } path)
            {
                vmm = Listen(path, paths);
                server = VhostUserServer.Listening(loop, vmm, device, muxer, options.Logger);
            }
            else
            {
                vmm = options.VhostUserConnection!;
                FileDescriptors.SetNonBlocking(vmm, true);
                server = VhostUserServer.Connected(loop, vmm, device, muxer, options.Logger);
            }

            return new VhostUserVsock(thread, server, [.. paths], options.Logger);
        }
        catch
        {
            vmm?.Dispose();
            muxer?.Dispose();
            loop.Dispose();
            paths.ForEach(made => FileSystem.Unlink(made));
            throw;
        }
    }

    /// <summary>Stops the device: closes its connections and removes its sockets.</summary>
    public ValueTask DisposeAsync() => _thread.DisposeAsync();

    private static SafeFileHandle Listen(string path, List<string> made)
    {
        // A client that connects without blocking fails when the backlog is full: it has room for as many as there can be streams.
        var listener = UnixSocket.Listen(path, backlog: VsockLimits.MaxConnections);
        made.Add(path);
        FileDescriptors.SetNonBlocking(listener, true);
        return listener;
    }

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
