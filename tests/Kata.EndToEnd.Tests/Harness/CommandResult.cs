namespace Kata.EndToEnd.Tests.Harness;

internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public CommandResult OrThrow() => ExitCode == 0
        ? this
        : throw new InvalidOperationException($"The command failed with {ExitCode}: {Error.Trim()} {Output.Trim()}");
}
