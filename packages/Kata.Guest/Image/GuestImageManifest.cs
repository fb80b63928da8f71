using System.Text.Json;

namespace Kata.Guest.Image;

/// <summary>What is in a guest image, written beside it as <c>guest.json</c>. Sizes are bytes.</summary>
internal sealed record GuestImageManifest
{
    public required string KernelRelease { get; init; }

    public required ImageFile Kernel { get; init; }

    public required ImageFile Initrd { get; init; }

    /// <summary>The size of the initrd before compression: what it takes of the guest's memory.</summary>
    public required long InitrdUnpackedSize { get; init; }

    public required ImageCompression Compression { get; init; }

    public required long AgentSize { get; init; }

    /// <summary>The OCI runtime and its libraries together.</summary>
    public required long RuntimeSize { get; init; }

    public required long ModulesSize { get; init; }

    public required IReadOnlyList<string> BootModules { get; init; }

    public required IReadOnlyList<string> OnDemandModules { get; init; }

    /// <summary>Wanted modules that are part of the kernel.</summary>
    public required IReadOnlyList<string> BuiltinModules { get; init; }

    /// <summary>Wanted modules that this kernel does not have.</summary>
    public required IReadOnlyList<string> AbsentModules { get; init; }

    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, GuestImageJson.Default.GuestImageManifest), (byte)'\n'];
}
