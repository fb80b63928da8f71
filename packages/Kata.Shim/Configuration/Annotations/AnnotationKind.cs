namespace Kata.Shim.Configuration.Annotations;

/// <summary>How the text of an annotation becomes a TOML value.</summary>
internal enum AnnotationKind
{
    /// <summary>As it is.</summary>
    Text,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Flag,

    /// <summary>An integer.</summary>
    Integer,

    /// <summary>A number with a fraction.</summary>
    Number,

    /// <summary>MiB, or bytes with a unit suffix such as <c>Gi</c>.</summary>
    Memory,

    /// <summary>A path that one of the patterns in the rule's list must match.</summary>
    ListedPath,

    /// <summary>Kernel parameters, laid over the configured ones.</summary>
    KernelParameters,

    /// <summary>Comma-separated, appended to the configured list.</summary>
    AppendedList,

    /// <summary>Semicolon-separated, instead of the configured list.</summary>
    List,

    /// <summary>Seconds.</summary>
    Seconds,
}
