using System.Globalization;
using System.Text;

namespace Kata.Shim.Configuration.Toml;

/// <summary>A TOML value and where it came from.</summary>
/// <param name="Value">A string, long, double, bool, <see cref="TomlTable"/> or list of values; dates and times are kept as strings.</param>
/// <param name="Source"><c>file:line</c>, or the annotation that set it.</param>
internal sealed record TomlValue(object Value, string Source)
{
    /// <summary>The value as text: strings as they are, everything else in TOML notation.</summary>
    public string ToText() => Value is string text ? text : ToToml(this);

    private static string ToToml(TomlValue value) => value.Value switch
    {
        string text => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => number.ToString(CultureInfo.InvariantCulture),
        List<TomlValue> list => $"[{string.Join(", ", list.Select(ToToml))}]",
        TomlTable table => TableToToml(table),
        var other => throw new InvalidOperationException($"{other.GetType().Name} is no TOML value."),
    };

    private static string TableToToml(TomlTable table)
    {
        var text = new StringBuilder("{");
        foreach (var (key, value) in table.Entries)
            text.Append(text.Length == 1 ? " " : ", ").Append(key).Append(" = ").Append(ToToml(value));
        return text.Append(" }").ToString();
    }
}
