using System.Text;
using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.VhostUser;
using Kata.Virtio.VhostUser.FrontEnd;

namespace Kata.Virtio;

/// <summary>
/// A shared directory (virtio-fs) that another process serves: virtiofsd, or any vhost-user back end of a file system. That process maps
/// all of the guest's memory, which therefore must be shared memory.
/// </summary>
/// <remarks>
/// When the back end dies, <see cref="VirtioDevice.Completed"/> faults and the guest's accesses hang or fail; the VM goes on.
/// </remarks>
public sealed class VhostUserFileSystem : VirtioDevice
{
    private static readonly TimeSpan ReplyLimit = TimeSpan.FromSeconds(30);

    private readonly VhostUserFileSystemDevice _device;

    private VhostUserFileSystem(VhostUserFileSystemDevice device, DeviceThread thread)
        : base(device, [thread])
    {
        _device = device;
        device.Failed = Fail;
    }

    /// <summary>Connects to the back end, which must listen already, and agrees on the protocol with it.</summary>
    /// <exception cref="ArgumentException">
    /// The tag is empty or longer than 36 bytes, or the queue size is not a power of two up to 32768.
    /// </exception>
    /// <exception cref="LinuxException">Nobody listens at the socket: ENOENT, ECONNREFUSED.</exception>
    /// <exception cref="IOException">The back end does not answer within 30 s, or is not one for file systems.</exception>
    public static VhostUserFileSystem Create(VhostUserFileSystemOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (Encoding.UTF8.GetByteCount(options.Tag) is 0 or > VhostUserFileSystemDevice.MaxTagBytes)
        {
            throw new ArgumentException(
                $"The tag '{options.Tag}' is not 1 to {VhostUserFileSystemDevice.MaxTagBytes} bytes long.", nameof(options));
        }

        if (options.QueueSize is 0 or > 32768 || (options.QueueSize & (options.QueueSize - 1)) != 0)
            throw new ArgumentException($"The queue size {options.QueueSize} is not a power of two up to 32768.", nameof(options));
        VhostUserFrontEnd? frontEnd = null;
        var thread = new DeviceThread("vhost-fs");
        try
        {
            frontEnd = VhostUserFrontEnd.Connect(options.SocketPath, ReplyLimit);
            var device = new VhostUserFileSystemDevice(
                thread.Loop, frontEnd, options.SocketPath, options.Tag, options.QueueSize, options.Logger);
            VhostUserLog.BackEndConnected(options.Logger, options.SocketPath, frontEnd.Features);
            return new VhostUserFileSystem(device, thread);
        }
        catch (Exception e)
        {
            frontEnd?.Dispose();
            thread.Loop.Dispose();
            if (e is VhostUserException)
                throw new IOException($"The vhost-user back end at {options.SocketPath} cannot be used. {e.Message}", e);
            throw;
        }
    }

    private protected override void Release() => _device.Dispose();
}
