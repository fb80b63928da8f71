using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Fuse;

/// <summary>A file or directory that the guest has open.</summary>
internal struct OpenFile
{
    public SafeFileHandle? File;
    public bool IsDirectory;

    /// <summary>Where the host's directory stream is, as a cookie of its own.</summary>
    public long Position;

    public uint Generation;
    public uint NextFree;
}
