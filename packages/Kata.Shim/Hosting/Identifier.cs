namespace Kata.Shim.Hosting;

/// <summary>
/// Ids of containers, execs and namespaces: they become file names and parts of socket names. containerd itself allows up to 76 characters.
/// </summary>
internal static class Identifier
{
    internal const int MaxLength = 76;

    internal static bool IsValid(string text)
    {
        if (text.Length is 0 or > MaxLength || !char.IsAsciiLetterOrDigit(text[0]))
            return false;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
                return false;
        }

        return true;
    }

    /// <exception cref="CommandLineException">The text is no identifier.</exception>
    internal static void Check(string flag, string text)
    {
        if (Problem(text) is { } problem)
            throw new CommandLineException($"{flag}: {problem}");
    }

    /// <summary>What is wrong with an identifier, or null.</summary>
    internal static string? Problem(string text)
    {
        if (IsValid(text))
            return null;
        if (text.Length == 0)
            return "must not be empty.";
        return text.Length > MaxLength
            ? $"\"{text[..MaxLength]}…\" has {text.Length} characters; at most {MaxLength} are allowed."
            : $"\"{text}\" is not an identifier: letters, digits, '.', '_' and '-' are allowed, the first a letter or digit.";
    }
}
