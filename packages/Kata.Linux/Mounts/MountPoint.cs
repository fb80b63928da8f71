namespace Kata.Linux;

/// <summary>mount(2) and umount2(2).</summary>
public static class MountPoint
{
    private const int MNT_DETACH = 2;
    private const int UMOUNT_NOFOLLOW = 8;

    /// <summary>Mounts a file system.</summary>
    /// <param name="data">File system specific options, comma separated; below one page.</param>
    /// <exception cref="LinuxException">As mount(2).</exception>
    public static void Mount(string source, string target, string type, MountFlags flags = MountFlags.None, string? data = null) =>
        LinuxException.Check(Interop.mount(source, target, type, (nuint)flags, data), "mount", $"{type} {source} on {target}");

    /// <summary>Makes a directory or file visible at a second place.</summary>
    public static void Bind(string source, string target, bool recursive = false) =>
        LinuxException.Check(
            Interop.mount(source, target, null, (nuint)(MountFlags.Bind | (recursive ? MountFlags.Recursive : 0)), null), "mount", $"{source} on {target}");

    /// <summary>Changes the flags of a bind mount (MS_REMOUNT|MS_BIND): all flags are replaced.</summary>
    public static void RemountBind(string target, MountFlags flags) =>
        LinuxException.Check(Interop.mount(null, target, null, (nuint)(MountFlags.Remount | MountFlags.Bind | flags), null), "remount", target);

    /// <summary>Changes propagation: <see cref="MountFlags.Private"/>, Slave, Shared or Unbindable, with Recursive if wanted.</summary>
    public static void SetPropagation(string target, MountFlags propagation) =>
        LinuxException.Check(Interop.mount(null, target, null, (nuint)propagation, null), "mount propagation of", target);

    /// <summary>Unmounts the topmost mount at a path. Never follows a symbolic link.</summary>
    /// <param name="detach">Lazily: out of sight at once, gone when no longer busy.</param>
    /// <returns>False when nothing was mounted there.</returns>
    public static bool Unmount(string target, bool detach = false)
    {
        if (Interop.umount2(target, UMOUNT_NOFOLLOW | (detach ? MNT_DETACH : 0)) == 0)
            return true;
        return LinuxException.LastErrno is Errno.EINVAL or Errno.ENOENT ? false : throw LinuxException.FromLastError("umount", target);
    }

    /// <summary>Bytes a mounted file system can hold in total (statfs(2)).</summary>
    public static unsafe long CapacityOf(string path)
    {
        Interop.StatfsBuffer buffer;
        LinuxException.Check(Interop.statfs(path, &buffer), "statfs", path);
        return checked((long)buffer.Blocks * buffer.BlockSize);
    }
}
