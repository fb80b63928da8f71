namespace Kata.Shim.Configuration;

/// <summary>Keeps the keys that no reader asked for.</summary>
internal static class UnreadKeys
{
    /// <summary>All remaining keys as text, tables flattened to dotted keys.</summary>
    /// <param name="section">The section after it was read.</param>
    /// <param name="known">Keys that are fine; null when the section's owner is unknown and all are.</param>
    /// <param name="warnings">Gets one line per unknown key.</param>
    public static Dictionary<string, string> Collect(ConfigurationSection section, IReadOnlySet<string>? known, ICollection<string> warnings)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in section.Remaining)
        {
            if (known is not null && !known.Contains(key))
                warnings.Add($"{value.Source}: {section.Name}.{key} is no key this runtime knows; it is ignored.");
            Add(keys, key, value);
        }

        return keys;
    }

    private static void Add(Dictionary<string, string> keys, string key, Toml.TomlValue value)
    {
        if (value.Value is not Toml.TomlTable table)
        {
            keys[key] = value.ToText();
            return;
        }

        foreach (var (inner, innerValue) in table.Entries)
            Add(keys, $"{key}.{inner}", innerValue);
    }
}
