using System.Globalization;
using Kata.Abstractions;
using Kata.Shim.Configuration.Toml;

namespace Kata.Shim.Configuration;

/// <summary>Typed reading of one table. Remembers what was read, so that what remains can be kept or rejected.</summary>
/// <param name="name">The section in TOML notation, e.g. <c>hypervisor.qemu</c>.</param>
/// <param name="table">Its keys.</param>
/// <param name="file">Where the section is, for messages about absent keys.</param>
internal sealed class ConfigurationSection(string name, TomlTable table, string file)
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>The section in TOML notation.</summary>
    public string Name => name;

    /// <summary>The keys that were not read so far.</summary>
    public IEnumerable<KeyValuePair<string, TomlValue>> Remaining => table.Entries.Where(entry => !_read.Contains(entry.Key));

    /// <summary>Whether the file or an annotation sets a key.</summary>
    public bool Has(string key) => table[key] is not null;

    /// <summary>Where a key was set.</summary>
    public string SourceOf(string key) => table[key]?.Source ?? file;

    /// <summary>An error about a key of this section.</summary>
    public ConfigurationException Error(string key, string problem) => new($"{name}.{key}", SourceOf(key), problem);

    /// <summary>A string.</summary>
    public string Text(string key, string fallback = "") => Read(key) switch
    {
        null => fallback,
        string text => text,
        _ => throw Error(key, "The value must be a string."),
    };

    /// <summary>A string out of a set; empty counts as absent.</summary>
    public string OneOf(string key, string fallback, params ReadOnlySpan<string> allowed)
    {
        var text = Text(key);
        if (text.Length == 0)
            return fallback;
        return allowed.Contains(text) ? text : throw Error(key, $"\"{text}\" is not one of {string.Join(", ", allowed!)}.");
    }

    /// <summary>A path that exists when it is given.</summary>
    public string ExistingPath(string key)
    {
        var path = Text(key);
        if (path.Length == 0)
            return path;
        if (!Path.IsPathRooted(path))
            throw Error(key, $"{path} must be an absolute path.");
        try
        {
            // Opened, not only looked for: a file that cannot be read is reported here by name and not later by the VMM.
            if (File.Exists(path))
                File.OpenHandle(path).Dispose();
            else if (!Directory.Exists(path))
                throw Error(key, $"{path} does not exist.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Error(key, $"{path} cannot be read: {exception.Message}");
        }

        return path;
    }

    /// <summary>A boolean.</summary>
    public bool Flag(string key, bool fallback = false) => Read(key) switch
    {
        null => fallback,
        bool flag => flag,
        _ => throw Error(key, "The value must be true or false."),
    };

    /// <summary>An integer in a range.</summary>
    public long Integer(string key, long fallback, long minimum = 0, long maximum = int.MaxValue) => Read(key) switch
    {
        null => fallback,
        long number when number >= minimum && number <= maximum => number,
        long number => throw Error(key, string.Create(CultureInfo.InvariantCulture, $"{number} is not between {minimum} and {maximum}.")),
        _ => throw Error(key, "The value must be an integer."),
    };

    /// <summary>A number with a fraction; integers are numbers too.</summary>
    public double Number(string key, double fallback) => Read(key) switch
    {
        null => fallback,
        long number => number,
        double number when double.IsFinite(number) => number,
        _ => throw Error(key, "The value must be a number."),
    };

    /// <summary>A list of strings.</summary>
    public IReadOnlyList<string> TextList(string key)
    {
        switch (Read(key))
        {
            case null:
                return [];
            case List<TomlValue> list when list.TrueForAll(item => item.Value is string):
                return list.ConvertAll(item => (string)item.Value);
            default:
                throw Error(key, "The value must be a list of strings.");
        }
    }

    /// <summary>A table of its own, or null.</summary>
    public TomlTable? Table(string key) => Read(key) switch
    {
        null => null,
        TomlTable inner => inner,
        _ => throw Error(key, "The value must be a table."),
    };

    private object? Read(string key)
    {
        _read.Add(key);
        return table[key]?.Value;
    }
}
