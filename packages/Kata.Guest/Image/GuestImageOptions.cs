namespace Kata.Guest.Image;

/// <summary>What to make a guest image of.</summary>
internal sealed record GuestImageOptions
{
    /// <summary>The kernel: a bzImage or what else the hypervisor boots.</summary>
    public required string Kernel { get; init; }

    /// <summary>The kernel's modules, <c>lib/modules/RELEASE</c>.</summary>
    public required string Modules { get; init; }

    /// <summary>The static program that becomes <c>/init</c>.</summary>
    public required string Agent { get; init; }

    /// <summary>The OCI runtime, with its libraries taken from this machine.</summary>
    public required string Crun { get; init; }

    /// <summary>The directory to write to; made when missing.</summary>
    public required string Output { get; init; }

    /// <summary>Modules to put in beyond <see cref="GuestModules"/>; each of them must exist.</summary>
    public IReadOnlyList<string> ExtraModules { get; init; } = [];

    /// <summary>How the initrd is compressed.</summary>
    public ImageCompression Compression { get; init; }
}
