namespace Kata.Guest;

/// <summary>Splits the options of one command: <c>--name VALUE</c> or <c>--name=VALUE</c>. There are no positional arguments.</summary>
internal sealed class GuestCommandLine
{
    private readonly Dictionary<string, List<string>> _values = new(StringComparer.Ordinal);

    private GuestCommandLine()
    {
    }

    /// <summary>Whether help was asked for; everything else is then of no account.</summary>
    public bool Help { get; private set; }

    /// <param name="args">The arguments after the command.</param>
    /// <param name="options">The options the command knows; each takes a value.</param>
    /// <param name="repeatable">Those of them that may be given more than once.</param>
    /// <exception cref="GuestUsageException">An argument is unknown, lacks its value, or is given twice.</exception>
    public static GuestCommandLine Parse(ReadOnlySpan<string> args, string[] options, string[] repeatable)
    {
        var line = new GuestCommandLine();
        for (int i = 0; i < args.Length; i++)
        {
            string argument = args[i];
            if (argument is "--help" or "-h")
            {
                line.Help = true;
                return line;
            }

            int equals = argument.IndexOf('=');
            string name = equals < 0 ? argument : argument[..equals];
            if (!options.Contains(name))
                throw new GuestUsageException($"Unknown {(name.StartsWith('-') ? "option" : "argument")} '{name}'.");

            string value = equals >= 0 ? argument[(equals + 1)..]
                : i + 1 < args.Length ? args[++i]
                : "";
            if (value.Length == 0) throw new GuestUsageException($"{name} needs a value.");
            if (!line._values.TryGetValue(name, out List<string>? values)) line._values[name] = values = [];
            if (values.Count > 0 && !repeatable.Contains(name)) throw new GuestUsageException($"{name} is given twice.");
            values.Add(value);
        }

        return line;
    }

    /// <summary>The value of an option; null when it is not given.</summary>
    public string? Value(string option) => Values(option) is [string value, ..] ? value : null;

    /// <summary>All values of a repeatable option.</summary>
    public IReadOnlyList<string> Values(string option) => _values.TryGetValue(option, out List<string>? values) ? values : [];
}
