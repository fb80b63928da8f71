namespace Kata.Protocols.Oci;

/// <summary>Commands run at points of the container's life cycle.</summary>
public sealed record Hooks : OciObject
{
    /// <summary>Deprecated form of the create-runtime hooks.</summary>
    public IReadOnlyList<Hook>? Prestart { get; init; }

    /// <summary>After the namespaces exist, run in the runtime's namespaces.</summary>
    public IReadOnlyList<Hook>? CreateRuntime { get; init; }

    /// <summary>After the namespaces exist, run in the container's namespaces.</summary>
    public IReadOnlyList<Hook>? CreateContainer { get; init; }

    /// <summary>On start, run in the container's namespaces.</summary>
    public IReadOnlyList<Hook>? StartContainer { get; init; }

    /// <summary>After the process has started.</summary>
    public IReadOnlyList<Hook>? Poststart { get; init; }

    /// <summary>After the container was deleted.</summary>
    public IReadOnlyList<Hook>? Poststop { get; init; }
}
