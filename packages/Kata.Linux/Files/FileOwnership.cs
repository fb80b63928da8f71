namespace Kata.Linux;

/// <summary>Ownership of files and symbolic links.</summary>
public static class FileOwnership
{
    /// <summary>Keeps the owner or group as it is.</summary>
    public const uint Unchanged = uint.MaxValue;

    /// <summary>lchown(2): changes the owner and group of a file, or of a symbolic link itself.</summary>
    public static void Change(string path, uint uid, uint gid) => LinuxException.Check(Interop.lchown(path, uid, gid), "lchown", path);
}
