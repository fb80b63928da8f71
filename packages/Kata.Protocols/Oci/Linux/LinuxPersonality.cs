namespace Kata.Protocols.Oci;

/// <summary>Execution domain of the process.</summary>
public sealed record LinuxPersonality : OciObject
{
    /// <summary><c>LINUX</c> or <c>LINUX32</c>.</summary>
    public string? Domain { get; init; }

    /// <summary>Additional flags.</summary>
    public IReadOnlyList<string>? Flags { get; init; }
}
