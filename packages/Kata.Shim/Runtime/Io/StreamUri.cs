using System.Text;
using Kata.Abstractions;

namespace Kata.Shim.Runtime.Io;

/// <summary>A stream as containerd names it: <c>/path</c>, <c>fifo:///path</c>, <c>file:///path</c> or <c>binary:///path?key=value</c>.</summary>
/// <param name="Scheme">The scheme; <c>fifo</c> for a plain path.</param>
/// <param name="Path">The absolute path.</param>
/// <param name="Arguments">Keys and values of the query in turn, one value per key.</param>
internal sealed record StreamUri(string Scheme, string Path, IReadOnlyList<string> Arguments)
{
    /// <exception cref="KataException">The text is not such a URI.</exception>
    internal static StreamUri Parse(string stream, string text)
    {
        var separator = text.IndexOf("://", StringComparison.Ordinal);
        if (separator < 0)
            return new("fifo", CheckPath(stream, text, text), []);
        var scheme = text[..separator];
        if (scheme is not ("fifo" or "file" or "binary"))
            throw new KataException(KataErrorKind.InvalidArgument, $"{stream}: scheme {scheme} of \"{text}\" is not supported; use a path, file:// or binary://.");
        var rest = text[(separator + 3)..];
        var query = rest.IndexOf('?');
        var path = CheckPath(stream, text, Unescape(query < 0 ? rest : rest[..query], plusIsSpace: false));
        return new(scheme, path, query < 0 ? [] : ToArguments(rest[(query + 1)..]));
    }

    private static string CheckPath(string stream, string text, string path) =>
        path is ['/', ..] && !path.Contains('\0')
            ? path
            : throw new KataException(KataErrorKind.InvalidArgument, $"{stream}: \"{text}\" is not an absolute path.");

    private static List<string> ToArguments(string query)
    {
        var arguments = new List<string>();
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=');
            var key = Unescape(equals < 0 ? pair : pair[..equals], plusIsSpace: true);
            for (var i = 0; i < arguments.Count; i += 2)
            {
                if (arguments[i] == key)
                    key = "";
            }

            if (key.Length == 0)
                continue;
            arguments.Add(key);
            arguments.Add(equals < 0 ? "" : Unescape(pair[(equals + 1)..], plusIsSpace: true));
        }

        return arguments;
    }

    private static string Unescape(string text, bool plusIsSpace)
    {
        if (text.AsSpan().IndexOfAny('%', '+') < 0)
            return text;
        var source = Encoding.UTF8.GetBytes(text);
        var length = 0;
        for (var i = 0; i < source.Length; i++)
        {
            var value = source[i];
            if (value == '+' && plusIsSpace)
            {
                value = (byte)' ';
            }
            else if (value == '%' && i + 2 < source.Length && char.IsAsciiHexDigit((char)source[i + 1]) && char.IsAsciiHexDigit((char)source[i + 2]))
            {
                value = Convert.FromHexString($"{(char)source[i + 1]}{(char)source[i + 2]}")[0];
                i += 2;
            }

            source[length++] = value;
        }

        return Encoding.UTF8.GetString(source, 0, length);
    }
}
