using Kata.Protocols.Oci;

namespace Kata.EndToEnd.Tests.Harness;

internal sealed record ExecOptions
{
    public Func<Process, Process> Configure { get; init; } = process => process;

    public bool Terminal { get; init; }

    public bool WithInput { get; init; }

    public string? Id { get; init; }
}
