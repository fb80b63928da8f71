using System.Numerics;
using System.Text;
using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.Fuse;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio;

/// <summary>
/// A virtio file system device (virtio 1.2, 5.11) that shares a directory of the host: a FUSE server inside this process. What is mounted
/// below the directory while the guest runs appears in the guest.
/// </summary>
/// <remarks>
/// <para>
/// The guest cannot leave the directory: names with a slash, <c>.</c> and <c>..</c> are refused, links are never followed on the host, and
/// FIFOs, sockets and device nodes are never opened. The guest's kernel checks permissions; what a user of the guest makes belongs to the
/// same numeric user on the host when this process has CAP_SETUID and CAP_SETGID.
/// </para>
/// <para>
/// Each file that the guest knows costs a descriptor, up to <see cref="VirtioFileSystemOptions.DescriptorLimit"/>: then the guest gets
/// ENFILE, and EMFILE when the process has no more for other reasons. Raise RLIMIT_NOFILE first
/// (<see cref="CurrentProcess.RaiseDescriptorLimit"/>): a container's root file system has a hundred thousand files.
/// </para>
/// </remarks>
public sealed class VirtioFileSystem : VirtioDevice
{
    private readonly FuseServer _server;

    private VirtioFileSystem(FileSystemDevice device, FuseServer server, DeviceThread thread)
        : base(device, [thread]) => _server = server;

    /// <summary>Makes a device, to be put behind a transport.</summary>
    /// <exception cref="ArgumentException">The options contradict each other or are out of range.</exception>
    /// <exception cref="LinuxException">
    /// The directory cannot be opened: ENOENT, ENOTDIR or EACCES; or <c>/proc</c> is not mounted.
    /// </exception>
    public static VirtioFileSystem Create(VirtioFileSystemOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if ((options.Path is null) == (options.Directory is null))
            throw new ArgumentException("Either Path or Directory is needed, not both.", nameof(options));
        ArgumentOutOfRangeException.ThrowIfNotEqual(BitOperations.IsPow2(options.QueueSize), true, nameof(options.QueueSize));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.QueueSize, 1024, nameof(options.QueueSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.RequestQueues, 1, nameof(options.RequestQueues));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.RequestQueues, 64, nameof(options.RequestQueues));
        ArgumentOutOfRangeException.ThrowIfNegative(options.DescriptorLimit ?? 0, nameof(options.DescriptorLimit));
        var tag = Encoding.UTF8.GetBytes(options.Tag);
        if (tag.Length is 0 or > FileSystemDevice.TagBytes || tag.Contains((byte)0))
        {
            throw new ArgumentException(
                $"The tag '{options.Tag}' is not 1 to {FileSystemDevice.TagBytes} bytes without a NUL.", nameof(options));
        }


        var root = options.Directory ?? FileDescriptors.Open(options.Path!, OpenFlags.Path | OpenFlags.Directory);
        FuseServer? server = null;
        try
        {
            server = new FuseServer(root, options);
            return new VirtioFileSystem(new FileSystemDevice(server, tag, options), server, new DeviceThread("virtio-fs"));
        }
        catch
        {
            server?.Dispose();
            root.Dispose();
            throw;
        }
    }

    private protected override void Release() => _server.Dispose();
}
