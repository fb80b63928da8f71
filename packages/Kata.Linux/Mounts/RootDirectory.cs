using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>The root directory of this process.</summary>
public static class RootDirectory
{
    /// <summary>
    /// Puts a mount over the root and makes it the root of this process: the mount at <paramref name="mountPoint"/> moves to <c>/</c>.
    /// What was the root before is out of sight.
    /// </summary>
    public static void Replace(string mountPoint)
    {
        LinuxException.Check(chdir(mountPoint), "chdir", mountPoint);
        LinuxException.Check(mount(".", "/", null, (nuint)MountFlags.Move, null), "mount", $"{mountPoint} on /");
        LinuxException.Check(chroot("."), "chroot", mountPoint);
        LinuxException.Check(chdir("/"), "chdir", "/");
    }
}
