using System.Buffers.Binary;
using System.Text;

namespace Kata.Guest.Image;

/// <summary>What a kernel image says about itself.</summary>
internal static class KernelImage
{
    // Documentation/arch/x86/boot.rst: "HdrS" at 0x202; a pointer at 0x20E, counted from 0x200, to the version string.
    private const int Signature = 0x202;
    private const int VersionPointer = 0x20E;
    private const int VersionBase = 0x200;
    private const int LongestVersion = 256;

    /// <summary>The kernel release of an x86 bzImage (first word of its version); null for another format, which may be fine.</summary>
    public static string? Release(ReadOnlySpan<byte> image)
    {
        if (image.Length < VersionPointer + 2 || !image.Slice(Signature, 4).SequenceEqual("HdrS"u8)) return null;

        int start = VersionBase + BinaryPrimitives.ReadUInt16LittleEndian(image[VersionPointer..]);
        if (start == VersionBase || start >= image.Length) return null;
        ReadOnlySpan<byte> version = image[start..Math.Min(start + LongestVersion, image.Length)];
        int end = version.IndexOfAny((byte)' ', (byte)0);
        return end <= 0 ? null : Encoding.ASCII.GetString(version[..end]);
    }
}
