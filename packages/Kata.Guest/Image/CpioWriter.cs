using System.Globalization;
using System.Text;

namespace Kata.Guest.Image;

/// <summary>
/// Writes the kernel's initramfs format, a "newc" cpio archive. The same entries always give the same bytes: everything belongs to
/// root, times are zero and inode numbers count up.
/// </summary>
internal sealed class CpioWriter
{
    // Documentation/driver-api/early-userspace/buffer-format.rst
    private const string Magic = "070701";
    private const string TrailerName = "TRAILER!!!";
    private const int Alignment = 4;
    private const int ArchiveAlignment = 512;

    private const uint TypeDirectory = 0x4000;
    private const uint TypeFile = 0x8000;
    private const uint TypeSymbolicLink = 0xA000;
    private const uint TypeCharacterDevice = 0x2000;

    private static readonly byte[] _zeros = new byte[ArchiveAlignment];

    private readonly Stream _output;
    private uint _inode;

    public CpioWriter(Stream output) => _output = output;

    /// <summary>The number of bytes written so far.</summary>
    public long Length { get; private set; }

    public void WriteDirectory(string path, UnixFileMode mode) => WriteHeader(path, TypeDirectory | (uint)mode, links: 2, size: 0);

    public void WriteCharacterDevice(string path, UnixFileMode mode, uint major, uint minor) =>
        WriteHeader(path, TypeCharacterDevice | (uint)mode, links: 1, size: 0, major, minor);

    public void WriteSymbolicLink(string path, string target) =>
        WriteEntry(path, TypeSymbolicLink | 0x1FF, Encoding.UTF8.GetBytes(target));

    public void WriteFile(string path, UnixFileMode mode, ReadOnlySpan<byte> content) =>
        WriteEntry(path, TypeFile | (uint)mode, content);

    /// <summary>Ends the archive. Nothing may be written afterwards.</summary>
    public void Finish()
    {
        _inode = uint.MaxValue; // the trailer's inode number is 0
        WriteHeader(TrailerName, mode: 0, links: 1, size: 0);
        Pad(ArchiveAlignment);
    }

    private void WriteEntry(string path, uint mode, ReadOnlySpan<byte> content)
    {
        WriteHeader(path, mode, links: 1, content.Length);
        Write(content);
        Pad(Alignment);
    }

    private void WriteHeader(string path, uint mode, uint links, int size, uint major = 0, uint minor = 0)
    {
        byte[] name = Encoding.UTF8.GetBytes(path.TrimStart('/') + '\0');
        ReadOnlySpan<uint> fields =
        [
            unchecked(++_inode), mode, /* uid */ 0, /* gid */ 0, links, /* mtime */ 0, (uint)size,
            /* device */ 0, 0, major, minor, (uint)name.Length, /* checksum, unused */ 0,
        ];

        var header = new StringBuilder(Magic, Magic.Length + (fields.Length * 8));
        foreach (uint field in fields) header.Append(CultureInfo.InvariantCulture, $"{field:X8}");
        Write(Encoding.ASCII.GetBytes(header.ToString()));
        Write(name);
        Pad(Alignment);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _output.Write(bytes);
        Length += bytes.Length;
    }

    private void Pad(int alignment)
    {
        int over = (int)(Length % alignment);
        if (over != 0) Write(_zeros.AsSpan(0, alignment - over));
    }
}
