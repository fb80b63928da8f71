namespace Kata.Abstractions.Devices;

/// <summary>How long a guest may keep what it has learned of a shared file system (<c>virtio_fs_cache</c>).</summary>
public enum SharedFileSystemCache
{
    /// <summary>Not at all.</summary>
    Never,

    /// <summary>For a moment, and content while a file is open.</summary>
    Auto,

    /// <summary>For good: nobody else changes anything.</summary>
    Always,
}
