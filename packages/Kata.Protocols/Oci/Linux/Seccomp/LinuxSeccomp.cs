namespace Kata.Protocols.Oci;

/// <summary>System call filter.</summary>
public sealed record LinuxSeccomp : OciObject
{
    /// <summary>Action for calls no rule names.</summary>
    public string? DefaultAction { get; init; }

    /// <summary>errno of the default action.</summary>
    public uint? DefaultErrnoRet { get; init; }

    /// <summary>Architectures such as <c>SCMP_ARCH_X86_64</c>.</summary>
    public IReadOnlyList<string>? Architectures { get; init; }

    /// <summary>Filter flags.</summary>
    public IReadOnlyList<string>? Flags { get; init; }

    /// <summary>Socket that receives the notification descriptor.</summary>
    public string? ListenerPath { get; init; }

    /// <summary>Data sent with it.</summary>
    public string? ListenerMetadata { get; init; }

    /// <summary>Rules.</summary>
    public IReadOnlyList<LinuxSyscall>? Syscalls { get; init; }
}
