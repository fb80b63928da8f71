namespace Kata.Protocols.Oci;

/// <summary>One command.</summary>
public sealed record Hook : OciObject
{
    /// <summary>Absolute path of the program.</summary>
    public string? Path { get; init; }

    /// <summary>Arguments, with argv[0].</summary>
    public IReadOnlyList<string>? Args { get; init; }

    /// <summary>Environment as <c>NAME=value</c>.</summary>
    public IReadOnlyList<string>? Env { get; init; }

    /// <summary>Seconds until the hook is aborted.</summary>
    public int? Timeout { get; init; }
}
