using System.Runtime.InteropServices;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>What block devices, and files that are used as such, can do besides reading and writing.</summary>
public static unsafe class BlockStorage
{
    /// <summary>
    /// Reads what is in the page cache (preadv2(2), RWF_NOWAIT). Returns the bytes read or a negated <see cref="Errno"/>: EAGAIN when the
    /// first is not there, EOPNOTSUPP when the file system cannot tell.
    /// </summary>
    /// <param name="file">A file or block device.</param>
    /// <param name="ranges">At most 1024, writable.</param>
    /// <param name="offset">In bytes.</param>
    public static long ReadCached(SafeHandle file, ReadOnlySpan<NativeBuffer> ranges, long offset)
    {
        fixed (NativeBuffer* pointer = ranges)
        {
            var count = preadv2(file, pointer, ranges.Length, offset, RWF_NOWAIT);
            return count >= 0 ? count : -(long)LinuxException.LastErrno;
        }
    }

    /// <summary>
    /// What direct I/O on a file asks of memory addresses and of offsets and lengths, in bytes. A page where the kernel (before 6.1) or the
    /// file system does not say.
    /// </summary>
    public static (int Memory, int Offset) DirectAlignment(SafeHandle file)
    {
        StatxBuffer buffer;
        byte empty = 0;
        LinuxException.Check(statx(file, &empty, AT_EMPTY_PATH, STATX_DIOALIGN, &buffer), "statx");
        return (buffer.Mask & STATX_DIOALIGN) == 0 || buffer.DirectOffsetAlignment == 0
            ? (Environment.SystemPageSize, Environment.SystemPageSize)
            : ((int)buffer.DirectMemoryAlignment, (int)buffer.DirectOffsetAlignment);
    }

    /// <summary>Bytes of a block device.</summary>
    public static long DeviceSize(SafeHandle device)
    {
        ulong size;
        LinuxException.Check(ioctl(device, BLKGETSIZE64, &size), "BLKGETSIZE64");
        return checked((long)size);
    }

    /// <summary>The unit a block device addresses, and the one it stores, in bytes.</summary>
    public static (int Logical, int Physical) DeviceBlockSize(SafeHandle device)
    {
        int logical, physical;
        LinuxException.Check(ioctl(device, BLKSSZGET, &logical), "BLKSSZGET");
        LinuxException.Check(ioctl(device, BLKPBSZGET, &physical), "BLKPBSZGET");
        return (logical, physical);
    }

    /// <summary>Tells a block device that a range is not needed any more (BLKDISCARD). EOPNOTSUPP when it does not care.</summary>
    public static Errno DiscardDevice(SafeHandle device, long offset, long length)
    {
        var range = stackalloc ulong[] { (ulong)offset, (ulong)length };
        return DirectoryOperations.Result(ioctl(device, BLKDISCARD, range));
    }
}
