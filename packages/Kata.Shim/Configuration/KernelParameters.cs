using System.Text;

namespace Kata.Shim.Configuration;

/// <summary>The kernel command line as a list of parameters. Quoted values keep their spaces.</summary>
internal static class KernelParameters
{
    /// <summary>Splits a command line at blanks outside of double quotes.</summary>
    public static IReadOnlyList<string> Split(string text)
    {
        var parameters = new List<string>();
        var current = new StringBuilder();
        var quoted = false;
        foreach (var character in text)
        {
            if (character == '"')
                quoted = !quoted;
            if (quoted || !char.IsWhiteSpace(character))
                current.Append(character);
            else if (current.Length > 0)
                Flush();
        }

        if (current.Length > 0)
            Flush();
        return parameters;

        void Flush()
        {
            parameters.Add(current.ToString());
            current.Clear();
        }
    }

    /// <summary>The part of a parameter before <c>=</c>.</summary>
    public static string KeyOf(string parameter) => parameter.IndexOf('=', StringComparison.Ordinal) is var end and >= 0 ? parameter[..end] : parameter;

    /// <summary>Lays parameters over others: one with a known key takes the place of the first such one, others are appended.</summary>
    public static IReadOnlyList<string> Overlay(IReadOnlyList<string> parameters, IReadOnlyList<string> upper)
    {
        var result = parameters.ToList();
        foreach (var group in upper.GroupBy(KeyOf, StringComparer.Ordinal))
        {
            var position = result.FindIndex(parameter => KeyOf(parameter) == group.Key);
            result.RemoveAll(parameter => KeyOf(parameter) == group.Key);
            result.InsertRange(position < 0 ? result.Count : Math.Min(position, result.Count), group);
        }

        return result;
    }
}
