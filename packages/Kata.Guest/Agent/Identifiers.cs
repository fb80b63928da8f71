using System.Buffers;

namespace Kata.Guest.Agent;

/// <summary>Ids come from the host and become file, directory and cgroup names.</summary>
internal static class Identifiers
{
    private const int LongestId = 128;

    private static readonly SearchValues<char> _allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

    // Names below GuestPaths.Base that are not containers.
    private static readonly string[] _reserved = ["sandbox", "shared", "image"];

    /// <summary>Refuses what is not letters, digits, <c>_</c>, <c>.</c> and <c>-</c> with a letter or digit first.</summary>
    /// <exception cref="AgentException">INVALID_ARGUMENT.</exception>
    public static string CheckContainer(string id)
    {
        Check(id, "container");
        return _reserved.Contains(id) ? throw AgentException.Invalid($"The container id '{id}' is reserved.") : id;
    }

    /// <inheritdoc cref="CheckContainer"/>
    public static string CheckExec(string id)
    {
        Check(id, "exec");
        return id;
    }

    private static void Check(string id, string kind)
    {
        if (id.Length is 0 or > LongestId)
            throw AgentException.Invalid($"The {kind} id has {id.Length} characters; 1 to {LongestId} are allowed.");
        if (!char.IsAsciiLetterOrDigit(id[0]) || id.AsSpan().ContainsAnyExcept(_allowed))
            throw AgentException.Invalid($"The {kind} id '{Printable(id)}' is not made of letters, digits, '_', '.' and '-' with a letter or digit first.");
    }

    private static string Printable(string id) => string.Concat(id.Select(c => char.IsControl(c) ? '?' : c));
}
