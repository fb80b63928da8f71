using Kata.Abstractions;
using Tomlyn;
using Tomlyn.Parsing;

namespace Kata.Shim.Configuration.Toml;

/// <summary>
/// Reads a TOML file into tables that remember file and line of every value. Built on Tomlyn's pull parser: no object mapping, no
/// reflection, one pass.
/// </summary>
internal static class TomlFile
{
    private const int MaxBytes = 1024 * 1024;
    private const int MaxDepth = 16;

    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigurationException">The file cannot be read or is not TOML; file and line are in the message.</exception>
    public static TomlTable Read(string path)
    {
        string text;
        try
        {
            var length = new FileInfo(path).Length;
            if (length > MaxBytes)
                throw new ConfigurationException("configuration file", path, $"{length} bytes are too many; at most {MaxBytes} are read.");
            text = File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException("configuration file", path, $"It cannot be read: {exception.Message}", exception);
        }

        return Parse(text, path);
    }

    /// <summary>Reads TOML text; <paramref name="path"/> is for messages.</summary>
    public static TomlTable Parse(string text, string path)
    {
        try
        {
            var parser = TomlParser.Create(text, new TomlParserOptions { EagerStringValues = true }, new TomlSerializerOptions { SourceName = path });
            while (parser.MoveNext())
            {
                if (parser.Current.Kind == TomlParseEventKind.StartTable)
                {
                    var table = new TomlTable();
                    ReadTable(parser, path, table, 0);
                    return table;
                }
            }

            return new TomlTable();
        }
        catch (TomlException exception)
        {
            var source = exception.Line is { } line ? $"{path}:{line}" : path;
            var message = exception.Diagnostics is { Count: > 0 } diagnostics ? diagnostics[0].Message : exception.Message;
            throw new ConfigurationException("TOML syntax", source, message, exception);
        }
        catch (ArgumentException exception)
        {
            // Tomlyn quotes the character after a backslash in its message, and cannot when the text ends there.
            throw new ConfigurationException("TOML syntax", path, "The text ends within an escape sequence.", exception);
        }
    }

    private static void ReadTable(TomlParser parser, string path, TomlTable table, int depth)
    {
        if (depth > MaxDepth)
            throw new ConfigurationException("TOML syntax", Source(parser, path), $"Tables and lists nest deeper than {MaxDepth} levels.");
        while (parser.MoveNext() && parser.Current.Kind == TomlParseEventKind.PropertyName)
        {
            var key = parser.GetPropertyName();
            var source = Source(parser, path);
            parser.MoveNext();
            // Headers such as [a.b] after [a] come as the same table again.
            if (parser.Current.Kind == TomlParseEventKind.StartTable && table.Table(key) is { } existing)
                ReadTable(parser, path, existing, depth + 1);
            else if (table[key] is { } earlier)
                throw new ConfigurationException("TOML syntax", source, $"Key {key} is set a second time; the first is at {earlier.Source}.");
            else
                table[key] = new TomlValue(ReadValue(parser, path, depth + 1), source);
        }
    }

    private static object ReadValue(TomlParser parser, string path, int depth)
    {
        var current = parser.Current;
        switch (current.Kind)
        {
            case TomlParseEventKind.StartTable:
                var table = new TomlTable();
                ReadTable(parser, path, table, depth);
                return table;
            case TomlParseEventKind.StartArray:
                return ReadArray(parser, path, depth);
            case TomlParseEventKind.Integer:
                return current.GetInt64();
            case TomlParseEventKind.Float:
                return current.GetDouble();
            case TomlParseEventKind.Boolean:
                return current.GetBoolean();
            case TomlParseEventKind.DateTime:
                return current.GetTomlDateTime().ToString();
            default:
                return parser.GetString();
        }
    }

    private static List<TomlValue> ReadArray(TomlParser parser, string path, int depth)
    {
        if (depth > MaxDepth)
            throw new ConfigurationException("TOML syntax", Source(parser, path), $"Tables and lists nest deeper than {MaxDepth} levels.");
        var items = new List<TomlValue>();
        while (parser.MoveNext() && parser.Current.Kind != TomlParseEventKind.EndArray)
        {
            var source = Source(parser, path);
            items.Add(new TomlValue(ReadValue(parser, path, depth + 1), source));
        }

        return items;
    }

    private static string Source(TomlParser parser, string path) => parser.Current.Line > 0 ? $"{path}:{parser.Current.Line}" : path;
}
