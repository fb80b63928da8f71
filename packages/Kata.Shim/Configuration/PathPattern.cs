using System.IO.Enumeration;

namespace Kata.Shim.Configuration;

/// <summary>File globs of the <c>valid_*_paths</c> lists: <c>*</c> and <c>?</c> within one path component.</summary>
internal static class PathPattern
{
    /// <summary>Whether a path without <c>.</c> and <c>..</c> components matches one of the patterns.</summary>
    public static bool MatchesAny(IEnumerable<string> patterns, string path)
    {
        var components = path.Split('/');
        return path.StartsWith('/') && !components.Contains("..") && !components.Contains(".") && patterns.Any(pattern => Matches(pattern, components));
    }

    private static bool Matches(string pattern, string[] components)
    {
        var expected = pattern.Split('/');
        if (expected.Length != components.Length)
            return false;
        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i] != components[i] && !FileSystemName.MatchesSimpleExpression(expected[i], components[i], ignoreCase: false))
                return false;
        }

        return true;
    }
}
