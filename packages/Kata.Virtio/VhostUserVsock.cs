using Kata.Linux;
using Kata.Virtio.Vsock;
using Microsoft.Extensions.Logging;

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
    private readonly VirtioVsock _device;
    private readonly VhostUserBackEnd _backEnd;

    private VhostUserVsock(VirtioVsock device, VhostUserBackEnd backEnd, ILogger logger)
    {
        (_device, _backEnd) = (device, backEnd);
        Completed = CompleteAsync(logger);
    }

    /// <summary>
    /// Ends when the device has: after <see cref="DisposeAsync"/>, or when the VMM closed a <see
    /// cref="VhostUserVsockOptions.VhostUserConnection"/>.
    /// Faults when the device failed, which is a defect or the host's lack of resources, never the guest's doing.
    /// </summary>
    public Task Completed { get; }

    /// <summary>Makes the sockets and starts the device. When this returns, the VMM and host clients can connect.</summary>
    /// <exception cref="ArgumentException">The options contradict each other or are out of range.</exception>
    /// <exception cref="LinuxException">
    /// A socket could not be made: EADDRINUSE when its path exists, ENAMETOOLONG when it is too long.
    /// </exception>
    public static VhostUserVsock Start(VhostUserVsockOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if ((options.VhostUserSocketPath is null) == (options.VhostUserConnection is null))
            throw new ArgumentException("Either VhostUserSocketPath or VhostUserConnection is needed, not both.", nameof(options));
        var device = VirtioVsock.Create(options);
        try
        {
            var backEnd = options.VhostUserSocketPath is { } path
                ? VhostUserBackEnd.Start(device, path, options.Logger)
                : VhostUserBackEnd.Start(device, options.VhostUserConnection!, options.Logger);
            return new VhostUserVsock(device, backEnd, options.Logger);
        }
        catch
        {
            // Done when it returns: no thread of the device has started.
            _ = device.DisposeAsync().AsTask();
            throw;
        }
    }

    /// <summary>Stops the device: closes its connections and removes its sockets.</summary>
    public async ValueTask DisposeAsync()
    {
        await _backEnd.DisposeAsync().ConfigureAwait(false);
        await Completed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task CompleteAsync(ILogger logger)
    {
        try
        {
            await _backEnd.Completed.ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            VsockLog.DeviceFailed(logger, failure);
            throw;
        }
        finally
        {
            await _backEnd.DisposeAsync().ConfigureAwait(false);
            await _device.DisposeAsync().ConfigureAwait(false);
        }
    }
}
