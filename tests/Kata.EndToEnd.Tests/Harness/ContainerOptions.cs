using Kata.Protocols.Oci;
using Mount = Kata.Protocols.Containerd.Task.Mount;

namespace Kata.EndToEnd.Tests.Harness;

internal sealed record ContainerOptions
{
    /// <summary>Changes the default configuration; the id is already in it.</summary>
    public Func<Spec, Spec> Configure { get; init; } = spec => spec;

    public bool Terminal { get; init; }

    public bool WithInput { get; init; }

    /// <summary>Another <c>configuration.toml</c> for the shim.</summary>
    public string? ConfigurationPath { get; init; }

    /// <summary>Another runtime than the one under test, such as the absolute path of the shim.</summary>
    public string? Runtime { get; init; }

    /// <summary>Replaces the FIFO of stdout (and stderr), such as a <c>binary://</c> logger.</summary>
    public string? OutputUri { get; init; }

    /// <summary>Replaces the mounts of the snapshot that make up the root.</summary>
    public IReadOnlyList<Mount>? Rootfs { get; init; }

    /// <summary>The raw spec, to send what no record can express.</summary>
    public string? RawSpec { get; init; }

    public string? Id { get; init; }
}
