namespace Kata.Shim.Hosting;

/// <summary>The checked command line.</summary>
internal sealed record ShimArguments
{
    /// <summary>What to do.</summary>
    public required ShimAction Action { get; init; }

    /// <summary><c>-namespace</c>: the containerd namespace.</summary>
    public string Namespace { get; init; } = "";

    /// <summary><c>-address</c>: containerd's gRPC socket; may be empty.</summary>
    public string Address { get; init; } = "";

    /// <summary><c>-publish-binary</c>: containerd's executable. Kept to pass it on; events go over ttrpc.</summary>
    public string PublishBinary { get; init; } = "";

    /// <summary><c>-id</c>: the container's id.</summary>
    public string Id { get; init; } = "";

    /// <summary><c>-bundle</c>: the bundle to clean; empty for the working directory.</summary>
    public string Bundle { get; init; } = "";

    /// <summary><c>-debug</c>: log at level debug.</summary>
    public bool Debug { get; init; }

    /// <summary><c>-socket</c>: path of the daemon's inherited listening socket. Private between <c>start</c> and the daemon.</summary>
    public string Socket { get; init; } = "";

    /// <summary>Flags this version does not know; a later containerd may send some.</summary>
    public IReadOnlyList<string> UnknownFlags { get; init; } = [];
}
