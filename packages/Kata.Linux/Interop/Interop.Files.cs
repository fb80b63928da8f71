using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kata.Linux;

internal static partial class Interop
{
    internal const int AT_FDCWD = -100;
    internal const int AT_EMPTY_PATH = 0x1000;
    internal const int AT_SYMLINK_NOFOLLOW = 0x100;
    internal const int F_DUPFD_CLOEXEC = 1030;
    internal const int F_SETFD = 2;
    internal const int F_GETFL = 3;
    internal const int F_SETFL = 4;
    internal const int FD_CLOEXEC = 1;
    internal const int F_SETPIPE_SZ = 1031;
    internal const int SYS_openat2 = 437;
    internal const uint STATX_DIOALIGN = 0x2000;

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle open(string path, int flags, uint mode);

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial nint openat2(nint number, SafeHandle directory, string path, OpenHow* how, nint size);

    [LibraryImport(Libc, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int fcntl(SafeHandle fd, int command, int argument);

    [LibraryImport(Libc, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial SafeFileHandle fcntl_dup(SafeHandle fd, int command, int argument);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint read(SafeHandle fd, byte* buffer, nint count);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint write(SafeHandle fd, byte* buffer, nint count);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int pipe2(int* fds, int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial SafeFileHandle eventfd(uint initial, int flags);

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle memfd_create(string name, uint flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int ftruncate(SafeHandle fd, long length);

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mkfifo(string path, uint mode);

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mknod(string path, uint mode, ulong device);

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int chown(string path, uint uid, uint gid);

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int unlink(string path);

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rmdir(string path);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int poll(PollDescriptor* descriptors, nuint count, int timeoutMilliseconds);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int statx(SafeHandle directory, byte* path, int flags, uint mask, StatxBuffer* buffer);

    [LibraryImport(Libc, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int statx_path(int directory, string path, int flags, uint mask, StatxBuffer* buffer);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int ioctl(SafeHandle fd, nuint request, void* argument);

    [LibraryImport(Libc, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int ioctl_value(SafeHandle fd, nuint request, nint argument);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int fchmod(SafeHandle fd, uint mode);

    [LibraryImport(Libc)]
    internal static partial uint umask(uint mask);

    /// <summary>struct open_how (linux/openat2.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct OpenHow
    {
        internal ulong Flags;
        internal ulong Mode;
        internal ulong Resolve;
    }

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        internal int Fd;
        internal short Events;
        internal short Revents;
    }

    /// <summary>struct statx (linux/stat.h), 256 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct StatxBuffer
    {
        [FieldOffset(0)] internal uint Mask;
        [FieldOffset(16)] internal uint Nlink;
        [FieldOffset(20)] internal uint Uid;
        [FieldOffset(24)] internal uint Gid;
        [FieldOffset(28)] internal ushort Mode;
        [FieldOffset(32)] internal ulong Inode;
        [FieldOffset(40)] internal ulong Size;
        [FieldOffset(48)] internal ulong Blocks;
        [FieldOffset(128)] internal uint RdevMajor;
        [FieldOffset(132)] internal uint RdevMinor;
        [FieldOffset(136)] internal uint DevMajor;
        [FieldOffset(140)] internal uint DevMinor;
        [FieldOffset(144)] internal ulong MountId;
        [FieldOffset(152)] internal uint DirectMemoryAlignment;
        [FieldOffset(156)] internal uint DirectOffsetAlignment;
    }
}
