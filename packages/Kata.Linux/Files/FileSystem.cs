namespace Kata.Linux;

/// <summary>Operations on paths that the base class library lacks.</summary>
public static class FileSystem
{
    /// <summary>mkfifo(3).</summary>
    public static void CreateFifo(string path, uint mode) => LinuxException.Check(Interop.mkfifo(path, mode), "mkfifo", path);

    /// <summary>mknod(2) for a device node.</summary>
    /// <param name="path">The node to make.</param>
    /// <param name="mode">Type (S_IFCHR or S_IFBLK) and permission bits.</param>
    /// <param name="major">Major number, 12 bits.</param>
    /// <param name="minor">Minor number, 20 bits.</param>
    public static void CreateDevice(string path, uint mode, uint major, uint minor)
    {
        // makedev(3): the low parts as in old kernels, the high parts above them.
        var device = (minor & 0xffUL) | ((major & 0xfffUL) << 8) | ((minor & ~0xffUL) << 12) | ((major & ~0xfffUL) << 32);
        LinuxException.Check(Interop.mknod(path, mode, device), "mknod", path);
    }

    /// <summary>chown(2).</summary>
    public static void ChangeOwner(string path, uint uid, uint gid) => LinuxException.Check(Interop.chown(path, uid, gid), "chown", path);

    /// <summary>unlink(2); false when there was nothing.</summary>
    public static bool Unlink(string path) =>
        Interop.unlink(path) == 0 || (LinuxException.LastErrno is Errno.ENOENT or Errno.ENOTDIR ? false : throw LinuxException.FromLastError("unlink", path));

    /// <summary>
    /// Why this process cannot read a path as a file or block device, continuing a sentence that begins with the path; null when it can.
    /// </summary>
    public static string? WhyUnreadable(string path)
    {
        try
        {
            if (FileDescriptors.Status(path) is not { } status)
                return "does not exist";
            if (status.Kind is not (FileKind.Regular or FileKind.BlockDevice))
                return "is not a file";
            FileDescriptors.Open(path, OpenFlags.ReadOnly | OpenFlags.NonBlocking).Dispose();
            return null;
        }
        catch (LinuxException e)
        {
            return $"cannot be read: {e.Message}";
        }
    }

    /// <summary>rmdir(2): removes an empty directory; false when there was none.</summary>
    public static bool RemoveEmptyDirectory(string path) =>
        Interop.rmdir(path) == 0 || (LinuxException.LastErrno == Errno.ENOENT ? false : throw LinuxException.FromLastError("rmdir", path));

    /// <summary>umask(2). Process-wide; returns the previous mask.</summary>
    public static uint SetCreationMask(uint mask) => Interop.umask(mask);
}
