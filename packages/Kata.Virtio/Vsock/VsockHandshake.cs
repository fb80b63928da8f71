using System.Buffers.Text;
using System.Text;

namespace Kata.Virtio.Vsock;

/// <summary>The first line of a host client: <c>CONNECT port</c>, in any case.</summary>
internal static class VsockHandshake
{
    /// <param name="line">Without the line feed.</param>
    public static bool TryParse(ReadOnlySpan<byte> line, out uint port)
    {
        port = 0;
        if (line.EndsWith("\r"u8))
            line = line[..^1];
        if (line.Length < 9 || !Ascii.EqualsIgnoreCase(line[..8], "CONNECT "u8))
            return false;
        var digits = line[8..];
        return Utf8Parser.TryParse(digits, out port, out var consumed) && consumed == digits.Length && port != uint.MaxValue;
    }
}
