using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>Descriptors and what is done with them. Everything made here is close-on-exec.</summary>
public static class FileDescriptors
{
    private const int O_NONBLOCK = 0x800;
    private const int O_CLOEXEC = 0x80000;

    /// <summary>open(2), close-on-exec. With <see cref="OpenFlags.Create"/>, <paramref name="mode"/> is subject to the umask.</summary>
    /// <exception cref="LinuxException">As open(2).</exception>
    public static SafeFileHandle Open(string path, OpenFlags flags, uint mode = 0)
    {
        while (true)
        {
            var handle = open(path, (int)flags | O_CLOEXEC, mode);
            if (!handle.IsInvalid)
                return handle;
            var errno = LinuxException.LastErrno;
            handle.Dispose();
            if (errno != Errno.EINTR)
                throw new LinuxException("open", path, errno);
        }
    }

    /// <summary>openat2(2) below <paramref name="directory"/>, close-on-exec: for paths that somebody else may be changing.</summary>
    /// <exception cref="LinuxException">As openat2(2); ELOOP or EXDEV when <paramref name="resolve"/> was violated.</exception>
    public static unsafe SafeFileHandle OpenBeneath(
        SafeFileHandle directory, string path, OpenFlags flags, uint mode = 0, ResolveFlags resolve = ResolveFlags.Beneath | ResolveFlags.NoMagicLinks)
    {
        var how = new OpenHow { Flags = (ulong)flags | O_CLOEXEC, Mode = mode, Resolve = (ulong)resolve };
        while (true)
        {
            var fd = openat2(SYS_openat2, directory, path, &how, sizeof(OpenHow));
            if (fd >= 0)
                return new SafeFileHandle(fd, ownsHandle: true);
            var errno = LinuxException.LastErrno;
            // EAGAIN: the kernel could not rule out a race with a rename; it asks to try again (openat2(2)).
            if (errno is not (Errno.EINTR or Errno.EAGAIN))
                throw new LinuxException("openat2", path, errno);
        }
    }

    /// <summary>A pipe.</summary>
    /// <param name="nonBlocking">Both ends are O_NONBLOCK.</param>
    public static unsafe (SafeFileHandle Read, SafeFileHandle Write) Pipe(bool nonBlocking = false)
    {
        var fds = stackalloc int[2];
        LinuxException.Check(pipe2(fds, O_CLOEXEC | (nonBlocking ? O_NONBLOCK : 0)), "pipe2");
        return (new SafeFileHandle(fds[0], true), new SafeFileHandle(fds[1], true));
    }

    /// <summary>An event counter (eventfd(2)), non-blocking.</summary>
    public static SafeFileHandle EventFd() => Valid(eventfd(0, O_CLOEXEC | O_NONBLOCK), "eventfd");

    /// <summary>An anonymous file of <paramref name="size"/> bytes (memfd_create(2)).</summary>
    public static SafeFileHandle Memory(string name, long size)
    {
        var handle = Valid(memfd_create(name, 1 /* MFD_CLOEXEC */), "memfd_create", name);
        try
        {
            LinuxException.Check(ftruncate(handle, size), "ftruncate", name);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>A second descriptor of the same open file, at least <paramref name="minimum"/>.</summary>
    public static SafeFileHandle Duplicate(SafeHandle descriptor, int minimum = 0) =>
        Valid(fcntl_dup(descriptor, F_DUPFD_CLOEXEC, minimum), "fcntl");

    /// <summary>Sets or clears close-on-exec.</summary>
    public static void SetCloseOnExec(SafeHandle descriptor, bool closeOnExec) =>
        LinuxException.Check(fcntl(descriptor, F_SETFD, closeOnExec ? FD_CLOEXEC : 0), "fcntl");

    /// <summary>Sets or clears O_NONBLOCK on the open file (shared by all its duplicates).</summary>
    public static void SetNonBlocking(SafeHandle descriptor, bool nonBlocking)
    {
        var flags = LinuxException.Check(fcntl(descriptor, F_GETFL, 0), "fcntl");
        flags = nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
        LinuxException.Check(fcntl(descriptor, F_SETFL, flags), "fcntl");
    }

    /// <summary>read(2). Returns the bytes read, 0 at end of file, or -1 when a non-blocking descriptor has nothing yet.</summary>
    public static unsafe int Read(SafeHandle descriptor, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                var count = read(descriptor, pointer, buffer.Length);
                if (count >= 0)
                    return (int)count;
                var errno = LinuxException.LastErrno;
                if (errno == Errno.EAGAIN)
                    return -1;
                if (errno != Errno.EINTR)
                    throw new LinuxException("read", null, errno);
            }
        }
    }

    /// <summary>write(2). Returns the bytes written, or -1 when a non-blocking descriptor is full.</summary>
    public static unsafe int Write(SafeHandle descriptor, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                var count = write(descriptor, pointer, buffer.Length);
                if (count >= 0)
                    return (int)count;
                var errno = LinuxException.LastErrno;
                if (errno == Errno.EAGAIN)
                    return -1;
                if (errno != Errno.EINTR)
                    throw new LinuxException("write", null, errno);
            }
        }
    }

    /// <summary>Writes everything to a blocking descriptor.</summary>
    public static void WriteAll(SafeHandle descriptor, ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = Write(descriptor, buffer);
            if (count < 0)
                throw new LinuxException("write", null, Errno.EAGAIN);
            buffer = buffer[count..];
        }
    }

    /// <summary>Waits on the calling thread until <paramref name="descriptor"/> is ready or the time is over.</summary>
    /// <param name="timeout"><see cref="Timeout.InfiniteTimeSpan"/> waits forever.</param>
    /// <returns>What happened; <see cref="PollEvents.None"/> when the time was over.</returns>
    public static unsafe PollEvents Poll(SafeHandle descriptor, PollEvents events, TimeSpan timeout)
    {
        var added = false;
        try
        {
            descriptor.DangerousAddRef(ref added);
            var entry = new PollDescriptor { Fd = (int)descriptor.DangerousGetHandle(), Events = (short)events };
            var deadline = timeout < TimeSpan.Zero ? long.MaxValue : Environment.TickCount64 + (long)timeout.TotalMilliseconds;
            while (true)
            {
                var wait = deadline == long.MaxValue ? -1 : (int)Math.Clamp(deadline - Environment.TickCount64, 0, int.MaxValue);
                var count = poll(&entry, 1, wait);
                if (count >= 0)
                    return (PollEvents)entry.Revents;
                if (LinuxException.LastErrno != Errno.EINTR)
                    throw LinuxException.FromLastError("poll");
            }
        }
        finally
        {
            if (added)
                descriptor.DangerousRelease();
        }
    }

    /// <summary>statx(2) of an open descriptor (also one opened with <see cref="OpenFlags.Path"/>).</summary>
    public static unsafe FileStatus Status(SafeHandle descriptor)
    {
        StatxBuffer buffer;
        byte empty = 0;
        LinuxException.Check(statx(descriptor, &empty, AT_EMPTY_PATH, 0x7ff, &buffer), "statx");
        return ToStatus(buffer);
    }

    /// <summary>statx(2) of a path; null when there is no such file.</summary>
    public static unsafe FileStatus? Status(string path, bool followLinks = true)
    {
        StatxBuffer buffer;
        if (statx_path(AT_FDCWD, path, followLinks ? 0 : AT_SYMLINK_NOFOLLOW, 0x7ff, &buffer) == 0)
            return ToStatus(buffer);
        return LinuxException.LastErrno is Errno.ENOENT or Errno.ENOTDIR ? null : throw LinuxException.FromLastError("statx", path);
    }

    internal static SafeFileHandle Valid(SafeFileHandle handle, string call, string? subject = null)
    {
        if (!handle.IsInvalid)
            return handle;
        var error = LinuxException.FromLastError(call, subject);
        handle.Dispose();
        throw error;
    }

    private static FileStatus ToStatus(in StatxBuffer b) =>
        new(b.Mode, b.Uid, b.Gid, (long)b.Size, b.Inode, b.DevMajor, b.DevMinor, b.RdevMajor, b.RdevMinor);
}
