namespace Kata.Guest.Image;

/// <summary>How an initrd is compressed; the kernel unpacks each.</summary>
internal enum ImageCompression
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>gzip -6.</summary>
    Gzip,

    /// <summary>zstd -3.</summary>
    Zstd,
}
