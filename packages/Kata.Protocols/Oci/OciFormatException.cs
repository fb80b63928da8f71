namespace Kata.Protocols.Oci;

/// <summary>OCI JSON that cannot be read. The message names the source, the line and the member.</summary>
public sealed class OciFormatException : FormatException
{
    internal OciFormatException(string source, string path, long? line, string reason, Exception? inner)
        : base($"{source}{(line is { } l ? $", line {l}" : "")}{(path.Length > 0 ? $", at {path}" : "")}: {reason}", inner)
    {
        Path = path;
        Line = line;
    }

    /// <summary>The member as a JSON path such as <c>$.process.args</c>; empty when unknown.</summary>
    public string Path { get; }

    /// <summary>The line, counted from 1; null when the text is not at fault.</summary>
    public long? Line { get; }
}
