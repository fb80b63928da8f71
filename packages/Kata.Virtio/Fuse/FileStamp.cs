using Kata.Linux;

namespace Kata.Virtio.Fuse;

/// <summary>What changes with the content of a file: its size, and the time of its last change, which nobody can set back.</summary>
internal readonly record struct FileStamp(ulong Size, long Seconds, uint Nanoseconds)
{
    /// <summary>A younger change may be followed by another one within the same tick of the file system's clock.</summary>
    private const long SettledAfterSeconds = 2;

    /// <summary>The stamp of a file; the default, which is no file's, when it changed just now.</summary>
    public static FileStamp Of(in StatxRecord status, long nowSeconds)
    {
        var (seconds, nanoseconds) = status.Changed;
        return nowSeconds - seconds >= SettledAfterSeconds ? new FileStamp(status.Size, seconds, nanoseconds) : default;
    }
}
