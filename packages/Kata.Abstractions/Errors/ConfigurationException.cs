namespace Kata.Abstractions;

/// <summary>A configuration value that cannot be used.</summary>
public sealed class ConfigurationException : KataException
{
    /// <summary>Makes an error about one key.</summary>
    /// <param name="key">The key in TOML notation, e.g. <c>hypervisor.qemu.kernel</c>.</param>
    /// <param name="source">Where the value came from: file and line, or the annotation; null when not known here.</param>
    /// <param name="problem">What is wrong and what to do, as a sentence without the key.</param>
    /// <param name="innerException">What caused it.</param>
    public ConfigurationException(string key, string? source, string problem, Exception? innerException = null)
        : base(KataErrorKind.InvalidArgument, source is null ? $"{key}: {problem}" : $"{source}: {key}: {problem}", innerException)
    {
        Key = key;
        ConfigurationSource = source;
        Problem = problem;
    }

    /// <summary>The key.</summary>
    public string Key { get; }

    /// <summary>File and line, or annotation, of the value.</summary>
    public string? ConfigurationSource { get; }

    /// <summary>What is wrong.</summary>
    public string Problem { get; }
}
