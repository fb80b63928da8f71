using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Image;

/// <summary>
/// Packs and unpacks files with the distribution's tools: the agent is the same program as the builder and carries no codec into
/// every guest.
/// </summary>
internal static class Compression
{
    /// <summary>The content of a file, unpacked by what its name ends in.</summary>
    public static async Task<byte[]> DecompressAsync(string path, CancellationToken cancellationToken)
    {
        string? tool = Path.GetExtension(path) switch
        {
            ".xz" => "xz",
            ".zst" => "zstd",
            ".gz" => "gzip",
            _ => null,
        };
        if (tool is null) return FileContent.Read(path);

        using SafeFileHandle output = FileDescriptors.Memory("unpacked", 0);
        await Tool.RunAsync(tool, ["-dc", "--", path], output, cancellationToken);
        byte[] content = new byte[RandomAccess.GetLength(output)];
        int length = 0;
        while (length < content.Length)
        {
            int read = RandomAccess.Read(output, content.AsSpan(length), length);
            if (read == 0) throw new GuestImageException($"{path} could not be unpacked whole.");
            length += read;
        }

        return content;
    }

    public static async Task CompressAsync(ImageCompression compression, string source, string target, CancellationToken cancellationToken)
    {
        using SafeFileHandle output = File.OpenHandle(target, FileMode.Create, FileAccess.Write);
        (string tool, string[] arguments) = compression switch
        {
            // No name and no time in the header: the same input gives the same bytes.
            ImageCompression.Gzip => ("gzip", new[] { "-6nc", "--", source }),
            ImageCompression.Zstd => ("zstd", ["-3qc", "--", source]),
            _ => throw new ArgumentOutOfRangeException(nameof(compression)),
        };
        await Tool.RunAsync(tool, arguments, output, cancellationToken);
    }
}
