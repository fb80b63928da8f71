namespace Kata.Shim.Configuration.Toml;

/// <summary>A TOML table: keys with their values and where each came from.</summary>
internal sealed class TomlTable
{
    private readonly Dictionary<string, TomlValue> _entries = new(StringComparer.Ordinal);

    /// <summary>The keys and values, in the order in which the keys first appeared.</summary>
    public IReadOnlyCollection<KeyValuePair<string, TomlValue>> Entries => _entries;

    /// <summary>The value of a key, or null.</summary>
    public TomlValue? this[string key]
    {
        get => _entries.GetValueOrDefault(key);
        set => _entries[key] = value!;
    }

    /// <summary>The table under a key, or null when there is none.</summary>
    public TomlTable? Table(string key) => this[key]?.Value as TomlTable;

    /// <summary>The table under a key, made when there is none.</summary>
    public TomlTable GetOrAddTable(string key, string source)
    {
        if (Table(key) is { } table)
            return table;
        table = new TomlTable();
        this[key] = new TomlValue(table, source);
        return table;
    }

    /// <summary>Lays <paramref name="upper"/> over this table: tables merge key by key, everything else is replaced.</summary>
    public void Merge(TomlTable upper)
    {
        foreach (var (key, value) in upper._entries)
        {
            if (value.Value is TomlTable upperTable && Table(key) is { } table)
                table.Merge(upperTable);
            else
                this[key] = value;
        }
    }
}
