using System.Text;

namespace Kata.Shim.Configuration;

/// <summary>
/// The regular expressions operators write into <c>enable_annotations</c>: literals, <c>.</c>, <c>[a-z]</c>, <c>\</c> escapes,
/// <c>*</c>, <c>+</c>, <c>?</c>, <c>^</c>, <c>$</c> and <c>|</c> between whole expressions; not anchored unless they say so. A matcher of
/// its own because the framework's engine would add more to the daemon than everything else that reads the configuration.
/// </summary>
internal sealed class NamePattern
{
    private readonly List<(List<Element> Elements, bool AtStart, bool AtEnd)> _alternatives = [];

    private NamePattern()
    {
    }

    /// <summary>Reads an expression.</summary>
    /// <exception cref="FormatException">It uses something else; the message says what.</exception>
    public static NamePattern Parse(string expression)
    {
        var pattern = new NamePattern();
        foreach (var alternative in expression.Split('|'))
            pattern._alternatives.Add(ParseAlternative(alternative));
        return pattern;
    }

    /// <summary>Whether some part of the name matches.</summary>
    public bool IsMatch(string name)
    {
        foreach (var (elements, atStart, atEnd) in _alternatives)
        {
            for (var start = 0; start <= (atStart ? 0 : name.Length); start++)
            {
                if (Match(elements, 0, name, start, atEnd))
                    return true;
            }
        }

        return false;
    }

    private static bool Match(List<Element> elements, int index, string name, int position, bool atEnd)
    {
        if (index == elements.Count)
            return !atEnd || position == name.Length;
        var element = elements[index];
        var count = 0;
        var most = element.Repeats ? int.MaxValue : 1;
        while (count < most && position + count < name.Length && element.Accepts(name[position + count]))
            count++;
        for (var least = element.Optional ? 0 : 1; count >= least; count--)
        {
            if (Match(elements, index + 1, name, position + count, atEnd))
                return true;
        }

        return false;
    }

    private static (List<Element> Elements, bool AtStart, bool AtEnd) ParseAlternative(string text)
    {
        var atStart = text.StartsWith('^');
        var atEnd = text.EndsWith('$') && !text.EndsWith("\\$", StringComparison.Ordinal);
        var body = text.AsSpan(atStart ? 1 : 0);
        body = atEnd ? body[..^1] : body;
        var elements = new List<Element>();
        for (var i = 0; i < body.Length; i++)
        {
            switch (body[i])
            {
                case '*' or '+' or '?' when elements.Count > 0 && elements[^1] is { Optional: false, Repeats: false } last:
                    elements[^1] = last with { Optional = body[i] != '+', Repeats = body[i] != '?' };
                    break;
                case '.':
                    elements.Add(new Element(null));
                    break;
                case '\\' when i + 1 < body.Length && !char.IsAsciiLetterOrDigit(body[i + 1]):
                    elements.Add(new Element(body[++i].ToString()));
                    break;
                case '[':
                    elements.Add(new Element(ParseClass(body, ref i)));
                    break;
                case '*' or '+' or '?' or '(' or ')' or '{' or '}' or ']' or '\\' or '^' or '$':
                    throw new FormatException($"\"{body[i]}\" at this place in \"{text}\" is not supported.");
                case var literal:
                    elements.Add(new Element(literal.ToString()));
                    break;
            }
        }

        return (elements, atStart, atEnd);
    }

    private static string ParseClass(ReadOnlySpan<char> body, ref int index)
    {
        var end = body[index..].IndexOf(']');
        var inner = end < 2 ? throw new FormatException("\"[\" without \"]\" or an empty set is not supported.") : body.Slice(index + 1, end - 1);
        if (inner[0] == '^')
            throw new FormatException("A negated set \"[^…]\" is not supported.");
        var accepted = new StringBuilder();
        for (var i = 0; i < inner.Length; i++)
        {
            if (i + 2 < inner.Length && inner[i + 1] == '-')
            {
                for (int character = inner[i]; character <= inner[i + 2]; character++)
                    accepted.Append((char)character);
                i += 2;
            }
            else
            {
                accepted.Append(inner[i]);
            }
        }

        index += end;
        return accepted.ToString();
    }

    /// <summary>One position of an expression; <paramref name="Set"/> null accepts every character.</summary>
    private sealed record Element(string? Set, bool Optional = false, bool Repeats = false)
    {
        public bool Accepts(char character) => Set is null || Set.Contains(character, StringComparison.Ordinal);
    }
}
