using Kata.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Block;

/// <summary>
/// A raw image file or block device of the host, locked against a second writer. Thread-safe. What direct I/O cannot do, for its alignment,
/// goes through the page cache: the kernel keeps both views in step.
/// </summary>
internal sealed class DiskImage : IDisposable
{
    /// <summary>FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE: gives space back; zeros are read there afterwards.</summary>
    private const int PunchHole = 3;

    /// <summary>FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE.</summary>
    private const int ZeroRange = 0x11;

    private const short SharedLock = 0; // F_RDLCK
    private const short ExclusiveLock = 1; // F_WRLCK
    private const int ZeroBytes = 64 * 1024;

    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle? _direct;
    private readonly (int Memory, int Offset) _alignment;
    private readonly bool _isDevice;
    private readonly Lazy<MemoryMapping> _zeros = new(() => MemoryMapping.Anonymous(ZeroBytes));

    private DiskImage(string path, SafeFileHandle file, SafeFileHandle? direct, bool readOnly, bool isDevice)
    {
        (Path, _file, _direct, IsReadOnly, _isDevice) = (path, file, direct, readOnly, isDevice);
        (LogicalBlockSize, PhysicalBlockSize) = isDevice
            ? BlockStorage.DeviceBlockSize(file)
            : (BlockLimits.SectorBytes, Environment.SystemPageSize);
        if (direct is not null)
            _alignment = isDevice ? (LogicalBlockSize, LogicalBlockSize) : BlockStorage.DirectAlignment(direct);
        // Beyond the end this changes nothing, so it only tells whether the file system can. Devices tell when they are asked.
        CanDiscard = !readOnly
            && (isDevice || FileOperations.Allocate(file, PunchHole, ReadSize() + PhysicalBlockSize, PhysicalBlockSize) == Errno.None);
    }

    public string Path { get; }

    public bool IsReadOnly { get; }

    /// <summary>Content can be given up.</summary>
    public bool CanDiscard { get; }

    /// <summary>Bytes.</summary>
    public int LogicalBlockSize { get; }

    /// <summary>Bytes.</summary>
    public int PhysicalBlockSize { get; }

    /// <exception cref="LinuxException">It cannot be opened.</exception>
    /// <exception cref="IOException">It is no file or block device, is smaller than a sector, or somebody else has it.</exception>
    public static DiskImage Open(string path, bool readOnly, bool direct, ILogger logger)
    {
        var access = readOnly ? OpenFlags.ReadOnly : OpenFlags.ReadWrite;
        var file = FileDescriptors.Open(path, access);
        SafeFileHandle? directFile = null;
        try
        {
            var kind = FileDescriptors.Status(file).Kind;
            if (kind is not (FileKind.Regular or FileKind.BlockDevice))
                throw new IOException($"The disk {path} is neither a file nor a block device but: {kind}.");
            // A writer wants nobody else, QEMU included, which locks bytes from 100 on. Readers stay clear of those of QEMU's readers.
            var error = new RecordLock(readOnly ? SharedLock : ExclusiveLock, 0, readOnly ? 1 : 0).Apply(file);
            if (error == Errno.EAGAIN)
                throw new IOException($"The disk {path} is in use by another machine; attach it read-only to all, or to one at a time.");
            if (error != Errno.None)
                throw new LinuxException("fcntl", path, error);
            if (direct)
                directFile = OpenDirect(path, access, logger);
            var image = new DiskImage(path, file, directFile, readOnly, kind == FileKind.BlockDevice);
            var size = image.ReadSize();
            if (size < BlockLimits.SectorBytes)
                throw new IOException($"The disk {path} of {size} bytes is smaller than a sector of {BlockLimits.SectorBytes} bytes.");
            BlockLog.Opened(logger, path, size, readOnly, directFile is not null);
            return image;
        }
        catch
        {
            directFile?.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>How large it is at the moment, in bytes.</summary>
    public long ReadSize() => _isDevice ? BlockStorage.DeviceSize(_file) : FileDescriptors.Status(_file).Size;

    /// <summary>The descriptor that serves a request, and whether that goes past the page cache.</summary>
    public SafeFileHandle FileFor(ReadOnlySpan<NativeBuffer> ranges, long offset, out bool direct)
    {
        direct = false;
        if (_direct is null || offset % _alignment.Offset != 0)
            return _file;
        foreach (var range in ranges)
        {
            if (range.Address % _alignment.Memory != 0 || range.Length % _alignment.Offset != 0)
                return _file;
        }

        direct = true;
        return _direct;
    }

    /// <summary>The descriptor that makes durable what has been written.</summary>
    public SafeFileHandle FileToFlush => _file;

    /// <summary>Returns the bytes read, or a negated <see cref="Errno"/>.</summary>
    public long Read(ReadOnlySpan<NativeBuffer> ranges, long offset) => FileOperations.Read(FileFor(ranges, offset, out _), ranges, offset);

    /// <summary>Returns the bytes written, or a negated <see cref="Errno"/>.</summary>
    public long Write(ReadOnlySpan<NativeBuffer> ranges, long offset) =>
        FileOperations.Write(FileFor(ranges, offset, out _), ranges, offset, append: false);

    /// <summary>Makes everything durable that has been written.</summary>
    public Errno Flush() => FileOperations.Synchronize(_file, dataOnly: true);

    /// <summary>Gives up content; what is read there afterwards is undefined.</summary>
    public Errno Discard(long offset, long length) =>
        _isDevice ? BlockStorage.DiscardDevice(_file, offset, length) : FileOperations.Allocate(_file, PunchHole, offset, length);

    /// <param name="mayDiscard">Space may be given back if zeros are read there afterwards.</param>
    public Errno WriteZeroes(long offset, long length, bool mayDiscard)
    {
        var error = FileOperations.Allocate(_file, mayDiscard ? PunchHole : ZeroRange, offset, length);
        return error == Errno.EOPNOTSUPP ? WriteZeroData(offset, length) : error;
    }

    public void Dispose()
    {
        _direct?.Dispose();
        _file.Dispose();
        if (_zeros.IsValueCreated)
            _zeros.Value.Dispose();
    }

    private static SafeFileHandle? OpenDirect(string path, OpenFlags access, ILogger logger)
    {
        try
        {
            return FileDescriptors.Open(path, access | OpenFlags.Direct);
        }
        catch (LinuxException e) when (e.Errno == Errno.EINVAL)
        {
            BlockLog.DirectUnavailable(logger, path, e.Errno);
            return null;
        }
    }

    private Errno WriteZeroData(long offset, long length)
    {
        while (length > 0)
        {
            var written = FileOperations.Write(
                _file, [new NativeBuffer(_zeros.Value.Address, (nint)Math.Min(length, ZeroBytes))], offset, append: false);
            if (written <= 0)
                return written == 0 ? Errno.EIO : (Errno)(-written);
            offset += written;
            length -= written;
        }

        return Errno.None;
    }
}
