using System.Runtime.InteropServices;

namespace Kata.Linux;

internal static partial class Interop
{
    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint preadv(SafeHandle fd, NativeBuffer* vectors, int count, long offset);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint pwritev2(SafeHandle fd, NativeBuffer* vectors, int count, long offset, int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int fallocate(SafeHandle fd, int mode, long offset, long length);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial long lseek(SafeHandle fd, long offset, int origin);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint copy_file_range(SafeHandle source, long* sourceOffset, SafeHandle target, long* targetOffset, nuint length, uint flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int fsync(SafeHandle fd);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int fdatasync(SafeHandle fd);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int syncfs(SafeHandle fd);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int fstatfs(SafeHandle fd, FileSystemRecord* buffer);

    [LibraryImport(Libc, EntryPoint = "fcntl", SetLastError = true)]
    internal static unsafe partial int fcntl_lock(SafeHandle fd, int command, FileLockRecord* record);

    /// <summary>struct flock on 64-bit Linux, 32 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct FileLockRecord
    {
        internal short Type;
        internal short Whence;
        internal long Start;
        internal long Length;
        internal int Pid;
    }
}
