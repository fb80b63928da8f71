using System.Text;
using Kata.Linux;
using Kata.Virtio.Block;
using Kata.Virtio.Events;

namespace Kata.Virtio;

/// <summary>A disk: a raw image file or block device of the host. One thread for each queue.</summary>
public sealed class VirtioBlock : VirtioDevice
{
    private readonly DiskImage _image;
    private readonly BlockDevice _device;

    private VirtioBlock(DiskImage image, BlockDevice device, IReadOnlyList<DeviceThread> threads)
        : base(device, threads) => (_image, _device) = (image, device);

    /// <summary>Opens the disk, and locks it (fcntl(2), F_OFD_SETLK): exclusively, or shared when it is read-only.</summary>
    /// <exception cref="ArgumentException">
    /// The serial number is longer than 20 bytes of ASCII, or the number of queues is not 1 to 16.
    /// </exception>
    /// <exception cref="LinuxException">The disk cannot be opened: ENOENT, EACCES, or EROFS for one that can only be read.</exception>
    /// <exception cref="IOException">The disk is in use by another machine, smaller than a sector, or no disk at all.</exception>
    public static VirtioBlock Create(VirtioBlockOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.QueueCount, 1, nameof(options.QueueCount));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.QueueCount, BlockLimits.MaxQueues, nameof(options.QueueCount));
        var serial = options.Serial ?? "";
        if (serial.Length > BlockWorker.SerialBytes || !Ascii.IsValid(serial))
        {
            throw new ArgumentException(
                $"The serial number '{serial}' is not at most {BlockWorker.SerialBytes} bytes of ASCII.", nameof(options));
        }

        var image = DiskImage.Open(options.Path, options.ReadOnly, options.Direct, options.Logger);
        var threads = new List<DeviceThread>();
        try
        {
            for (var i = 0; i < options.QueueCount; i++)
                threads.Add(new DeviceThread($"virtio-blk{i}"));
            return new VirtioBlock(image, new BlockDevice(image, Encoding.ASCII.GetBytes(serial), threads, options.Logger), threads);
        }
        catch
        {
            threads.ForEach(thread => thread.Loop.Dispose());
            image.Dispose();
            throw;
        }
    }

    /// <summary>Looks how large the disk is by now, and tells the guest if that has changed.</summary>
    /// <exception cref="LinuxException">The disk's size cannot be read.</exception>
    public void Resize()
    {
        var size = _image.ReadSize();
        Threads[0].Loop.Post(() => _device.Resize(size));
    }

    private protected override void Release() => _device.Dispose();
}
