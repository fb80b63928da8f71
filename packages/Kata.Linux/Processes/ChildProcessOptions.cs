using System.Runtime.InteropServices;

namespace Kata.Linux;

/// <summary>How to start a child.</summary>
public sealed record ChildProcessOptions
{
    /// <summary>Absolute path of the executable.</summary>
    public required string Path { get; init; }

    /// <summary>The arguments after argv[0], which is <see cref="Path"/>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The whole environment; null inherits this process's.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>Working directory; null inherits.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>
    /// Descriptors the child gets, by their number in the child. 0, 1 and 2 are /dev/null where absent; no other descriptor is inherited.
    /// The caller keeps its own copies.
    /// </summary>
    public IReadOnlyDictionary<int, SafeHandle> Descriptors { get; init; } = new Dictionary<int, SafeHandle>();

    /// <summary>The child leads a new session and process group.</summary>
    public bool NewSession { get; init; }
}
