namespace Kata.Protocols.Oci;

/// <summary>A rule for some system calls.</summary>
public sealed record LinuxSyscall : OciObject
{
    /// <summary>System calls.</summary>
    public IReadOnlyList<string>? Names { get; init; }

    /// <summary>Action such as <c>SCMP_ACT_ERRNO</c>.</summary>
    public string? Action { get; init; }

    /// <summary>errno the action returns.</summary>
    public uint? ErrnoRet { get; init; }

    /// <summary>Conditions on arguments.</summary>
    public IReadOnlyList<LinuxSeccompArg>? Args { get; init; }
}
