namespace Kata.Linux;

/// <summary>How full a mounted file system is (statfs(2)).</summary>
/// <param name="TotalBytes">What it can hold.</param>
/// <param name="AvailableBytes">What an unprivileged user may still write.</param>
/// <param name="FreeBytes">What is free, with the part kept for root.</param>
/// <param name="TotalInodes">How many files it can hold; 0 when it does not count them.</param>
/// <param name="FreeInodes">How many more files it can hold.</param>
public readonly record struct FileSystemUsage(ulong TotalBytes, ulong AvailableBytes, ulong FreeBytes, ulong TotalInodes, ulong FreeInodes)
{
    /// <summary>Asks the file system that holds a path.</summary>
    public static unsafe FileSystemUsage Of(string path)
    {
        Interop.StatfsBuffer buffer;
        LinuxException.Check(Interop.statfs(path, &buffer), "statfs", path);
        var block = (ulong)buffer.BlockSize;
        return new(buffer.Blocks * block, buffer.BlocksAvailable * block, buffer.BlocksFree * block, buffer.Files, buffer.FilesFree);
    }
}
