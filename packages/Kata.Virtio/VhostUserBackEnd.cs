using Kata.Linux;
using Kata.Virtio.VhostUser;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio;

/// <summary>
/// Puts a device of this process behind vhost-user, the transport for a VMM that is another process: QEMU, Cloud Hypervisor, crosvm. Its
/// guest memory must be shared with this process.
/// </summary>
/// <remarks>
/// The VMM may disconnect and connect again. A guest or VMM that breaks the rules loses the device until it starts anew, which is logged,
/// and harms nothing else.
/// </remarks>
/// <example>
/// <code>
/// await using var vsock = VirtioVsock.Create(new VirtioVsockOptions { HybridSocketPath = "/run/vm/vsock.sock", GuestCid = 3 });
/// await using var backEnd = VhostUserBackEnd.Start(vsock, "/run/vm/vhost-user.sock", logger);
/// // qemu-system-x86_64 -object memory-backend-memfd,id=ram,size=512M,share=on -machine q35,memory-backend=ram
/// //   -chardev socket,id=vsock0,path=/run/vm/vhost-user.sock -device vhost-user-vsock-pci,chardev=vsock0 …
/// </code>
/// </example>
public sealed class VhostUserBackEnd : IAsyncDisposable
{
    private readonly VhostUserServer _server;
    private readonly string? _socketPath;

    private VhostUserBackEnd(VirtioDevice device, VhostUserServer server, string? socketPath)
    {
        (_server, _socketPath) = (server, socketPath);
        Completed = CompleteAsync(device);
    }

    /// <summary>
    /// Ends when nothing is served any more: after <see cref="DisposeAsync"/>, or when the VMM closed the connection that was given. Faults
    /// when the device failed.
    /// </summary>
    public Task Completed { get; }

    /// <summary>Makes a socket for the VMM and starts the device's threads, which inherit the calling thread's namespaces.</summary>
    /// <param name="device">Stays the caller's, who disposes it after this. It has no other transport.</param>
    /// <param name="socketPath">
    /// Absolute path of the unix socket; at most 107 bytes, and nothing may be there yet. Mode 0600. Removed at the end.
    /// </param>
    /// <param name="logger">Where events of the connection are reported.</param>
    /// <exception cref="ArgumentException">Another process serves the device's queues.</exception>
    /// <exception cref="InvalidOperationException">The device has a transport already.</exception>
    /// <exception cref="LinuxException">
    /// The socket could not be made: EADDRINUSE when its path exists, ENAMETOOLONG when it is too long.
    /// </exception>
    public static VhostUserBackEnd Start(VirtioDevice device, string socketPath, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(device);
        var listener = UnixSocket.Listen(socketPath);
        try
        {
            FileDescriptors.SetNonBlocking(listener, true);
            return new VhostUserBackEnd(device, VhostUserServer.Listening(device, listener, logger), socketPath);
        }
        catch
        {
            listener.Dispose();
            FileSystem.Unlink(socketPath);
            throw;
        }
    }

    /// <summary>Serves one VMM, and starts the device's threads, which inherit the calling thread's namespaces.</summary>
    /// <param name="device">Stays the caller's, who disposes it after this. It has no other transport.</param>
    /// <param name="connection">One end of a unix socket pair whose other end the VMM inherits. Owned from here on.</param>
    /// <param name="logger">Where events of the connection are reported.</param>
    /// <exception cref="ArgumentException">Another process serves the device's queues.</exception>
    /// <exception cref="InvalidOperationException">The device has a transport already.</exception>
    public static VhostUserBackEnd Start(VirtioDevice device, SafeFileHandle connection, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(connection);
        try
        {
            FileDescriptors.SetNonBlocking(connection, true);
            return new VhostUserBackEnd(device, VhostUserServer.Connected(device, connection, logger), null);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Takes the device from the VMM and removes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.CloseAsync().ConfigureAwait(false);
        await Completed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task CompleteAsync(VirtioDevice device)
    {
        try
        {
            await (await Task.WhenAny(device.Completed, _server.Closed).ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            if (_socketPath is not null)
                FileSystem.Unlink(_socketPath);
        }
    }
}
