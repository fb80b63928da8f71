using System.Runtime.InteropServices;
using static Kata.Linux.DirectoryOperations;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>System calls on open files, for file servers: errors are values. Counts and positions are negative errno values on failure.</summary>
public static unsafe class FileOperations
{
    private const int RWF_APPEND = 0x10;

    /// <summary>preadv(2). Returns the bytes read, 0 at the end.</summary>
    public static long Read(SafeHandle file, ReadOnlySpan<NativeBuffer> ranges, long offset)
    {
        fixed (NativeBuffer* vectors = ranges)
        {
            nint count;
            do
                count = preadv(file, vectors, ranges.Length, offset);
            while (count < 0 && LinuxException.LastErrno == Errno.EINTR);
            return count >= 0 ? count : -(long)LinuxException.LastErrno;
        }
    }

    /// <summary>pwritev2(2). Returns the bytes written.</summary>
    /// <param name="append">At the end of the file, whatever the offset (RWF_APPEND).</param>
    public static long Write(SafeHandle file, ReadOnlySpan<NativeBuffer> ranges, long offset, bool append)
    {
        fixed (NativeBuffer* vectors = ranges)
        {
            nint count;
            do
                count = pwritev2(file, vectors, ranges.Length, offset, append ? RWF_APPEND : 0);
            while (count < 0 && LinuxException.LastErrno == Errno.EINTR);
            return count >= 0 ? count : -(long)LinuxException.LastErrno;
        }
    }

    /// <summary>lseek(2).</summary>
    /// <param name="origin">SEEK_SET 0, SEEK_CUR 1, SEEK_END 2, SEEK_DATA 3, SEEK_HOLE 4.</param>
    public static long Seek(SafeHandle file, long offset, int origin)
    {
        var position = lseek(file, offset, origin);
        return position >= 0 ? position : -(long)LinuxException.LastErrno;
    }

    /// <summary>copy_file_range(2). Returns the bytes copied, which may be fewer.</summary>
    public static long Copy(SafeHandle source, long sourceOffset, SafeHandle target, long targetOffset, long length)
    {
        var count = copy_file_range(source, &sourceOffset, target, &targetOffset, (nuint)length, 0);
        return count >= 0 ? count : -(long)LinuxException.LastErrno;
    }

    /// <summary>fallocate(2).</summary>
    public static Errno Allocate(SafeHandle file, int mode, long offset, long length)
    {
        while (true)
        {
            var error = Result(fallocate(file, mode, offset, length));
            if (error != Errno.EINTR)
                return error;
        }
    }

    /// <summary>ftruncate(2).</summary>
    public static Errno Truncate(SafeHandle file, long length)
    {
        while (true)
        {
            var error = Result(ftruncate(file, length));
            if (error != Errno.EINTR)
                return error;
        }
    }

    /// <summary>fchmod(2).</summary>
    public static Errno ChangeMode(SafeHandle file, uint mode) => Result(fchmod(file, mode));

    /// <summary>fchownat(2) with AT_EMPTY_PATH; also of a symbolic link opened with <see cref="OpenFlags.Path"/>.</summary>
    /// <param name="uid"><see cref="FileOwnership.Unchanged"/> keeps it.</param>
    /// <param name="gid"><see cref="FileOwnership.Unchanged"/> keeps it.</param>
    public static Errno ChangeOwner(SafeHandle file, uint uid, uint gid)
    {
        byte empty = 0;
        return Result(fchownat(file, &empty, uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
    }

    /// <summary>utimensat(2) with AT_EMPTY_PATH (Linux 5.8); also of a symbolic link opened with <see cref="OpenFlags.Path"/>.</summary>
    public static Errno ChangeTimes(SafeHandle file, in FileTime accessed, in FileTime modified)
    {
        byte empty = 0;
        var times = stackalloc TimeSpecification[2];
        times[0] = new TimeSpecification { Seconds = accessed.Seconds, Nanoseconds = accessed.Nanoseconds };
        times[1] = new TimeSpecification { Seconds = modified.Seconds, Nanoseconds = modified.Nanoseconds };
        return Result(utimensat(file, &empty, times, AT_EMPTY_PATH));
    }

    /// <summary>fsync(2), or fdatasync(2) when only data matters.</summary>
    public static Errno Synchronize(SafeHandle file, bool dataOnly) => Result(dataOnly ? fdatasync(file) : fsync(file));

    /// <summary>syncfs(2): all of the file system that holds the file.</summary>
    public static Errno SynchronizeFileSystem(SafeHandle file) => Result(syncfs(file));

    /// <summary>fstatfs(2); also of a file opened with <see cref="OpenFlags.Path"/>.</summary>
    public static Errno FileSystemStatus(SafeHandle file, out FileSystemRecord status)
    {
        fixed (FileSystemRecord* record = &status)
            return Result(fstatfs(file, record));
    }
}
