using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>
/// System calls on names in an open directory, for file servers. Names are bytes that end with a NUL; errors are values, because to a file
/// server a missing file is everyday work. Nothing here follows a symbolic link in the last part of a name, except by
/// <see cref="LinkFollowing"/>. The directory may be opened with <see cref="OpenFlags.Path"/>.
/// </summary>
public static unsafe class DirectoryOperations
{
    private const int O_CLOEXEC = 0x80000;
    private const int AT_NO_AUTOMOUNT = 0x800;
    private const int AT_SYMLINK_FOLLOW = 0x400;
    private const int AT_REMOVEDIR = 0x200;

    /// <summary>STATX_BASIC_STATS, STATX_BTIME and STATX_MNT_ID.</summary>
    private const uint StatxMask = 0x1fff;

    /// <summary>openat(2), close-on-exec. Null with the reason when it failed.</summary>
    public static SafeFileHandle? Open(SafeHandle directory, ReadOnlySpan<byte> name, OpenFlags flags, uint mode, out Errno error)
    {
        fixed (byte* path = Terminated(name))
        {
            while (true)
            {
                var handle = openat(directory, path, (int)flags | O_CLOEXEC, mode);
                error = handle.IsInvalid ? LinuxException.LastErrno : Errno.None;
                if (error == Errno.None)
                    return handle;
                handle.Dispose();
                if (error != Errno.EINTR)
                    return null;
            }
        }
    }

    /// <summary>statx(2); does not trigger automounts. The empty name means the file that <paramref name="directory"/> has open.</summary>
    public static Errno Status(SafeHandle directory, ReadOnlySpan<byte> name, out StatxRecord status)
    {
        fixed (byte* path = Terminated(name))
        fixed (StatxRecord* record = &status)
            return Result(statx(directory, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH, StatxMask, (StatxBuffer*)record));
    }

    /// <summary>mkdirat(2).</summary>
    public static Errno MakeDirectory(SafeHandle directory, ReadOnlySpan<byte> name, uint mode)
    {
        fixed (byte* path = Terminated(name))
            return Result(mkdirat(directory, path, mode));
    }

    /// <summary>mknodat(2).</summary>
    /// <param name="mode">Type and permission bits.</param>
    /// <param name="device">For device nodes, as makedev(3) encodes it.</param>
    public static Errno MakeNode(SafeHandle directory, ReadOnlySpan<byte> name, uint mode, ulong device)
    {
        fixed (byte* path = Terminated(name))
            return Result(mknodat(directory, path, mode, device));
    }

    /// <summary>symlinkat(2).</summary>
    public static Errno MakeSymbolicLink(ReadOnlySpan<byte> target, SafeHandle directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* content = Terminated(target))
        fixed (byte* path = Terminated(name))
            return Result(symlinkat(content, directory, path));
    }

    /// <summary>linkat(2) to an open file (AT_EMPTY_PATH). ENOENT without CAP_DAC_READ_SEARCH.</summary>
    public static Errno Link(SafeHandle file, SafeHandle directory, ReadOnlySpan<byte> name)
    {
        byte empty = 0;
        fixed (byte* path = Terminated(name))
            return Result(linkat(file, &empty, directory, path, AT_EMPTY_PATH));
    }

    /// <summary>linkat(2) with AT_SYMLINK_FOLLOW: for magic links as in <c>/proc/self/fd</c>.</summary>
    public static Errno LinkFollowing(SafeHandle oldDirectory, ReadOnlySpan<byte> oldName, SafeHandle directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* source = Terminated(oldName))
        fixed (byte* path = Terminated(name))
            return Result(linkat(oldDirectory, source, directory, path, AT_SYMLINK_FOLLOW));
    }

    /// <summary>unlinkat(2) of anything but a directory.</summary>
    public static Errno Unlink(SafeHandle directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* path = Terminated(name))
            return Result(unlinkat(directory, path, 0));
    }

    /// <summary>unlinkat(2) of an empty directory (AT_REMOVEDIR).</summary>
    public static Errno RemoveDirectory(SafeHandle directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* path = Terminated(name))
            return Result(unlinkat(directory, path, AT_REMOVEDIR));
    }

    /// <summary>renameat2(2).</summary>
    /// <param name="flags">RENAME_NOREPLACE 1, RENAME_EXCHANGE 2, RENAME_WHITEOUT 4.</param>
    public static Errno Rename(SafeHandle oldDirectory, ReadOnlySpan<byte> oldName, SafeHandle newDirectory, ReadOnlySpan<byte> newName, uint flags)
    {
        fixed (byte* source = Terminated(oldName))
        fixed (byte* target = Terminated(newName))
            return Result(renameat2(oldDirectory, source, newDirectory, target, flags));
    }

    /// <summary>readlinkat(2) of a symbolic link opened with <see cref="OpenFlags.Path"/>. Returns its length, cut to the buffer, or minus an
    /// errno.</summary>
    public static int ReadLink(SafeHandle link, Span<byte> target)
    {
        byte empty = 0;
        fixed (byte* buffer = target)
            return Count(readlinkat(link, &empty, buffer, (nuint)target.Length));
    }

    /// <summary>getdents64(2): as many records (struct linux_dirent64) as fit. Returns their bytes, 0 at the end, or minus an errno.</summary>
    /// <param name="directory">Opened for reading.</param>
    public static int ReadEntries(SafeHandle directory, Span<byte> records)
    {
        fixed (byte* buffer = records)
            return Count(getdents64(directory, buffer, (nuint)records.Length));
    }

    /// <summary>fchmodat(2), which follows a link: meant for magic links as in <c>/proc/self/fd</c>.</summary>
    public static Errno ChangeModeFollowing(SafeHandle directory, ReadOnlySpan<byte> name, uint mode)
    {
        fixed (byte* path = Terminated(name))
            return Result(fchmodat(directory, path, mode, 0));
    }

    internal static ReadOnlySpan<byte> Terminated(ReadOnlySpan<byte> name) =>
        !name.IsEmpty && name[^1] == 0 ? name : throw new ArgumentException("A name ends with a NUL byte.", nameof(name));

    internal static Errno Result(int result) => result >= 0 ? Errno.None : LinuxException.LastErrno;

    internal static int Count(nint result) => result >= 0 ? (int)result : -(int)LinuxException.LastErrno;
}
