namespace Kata.EndToEnd.Tests.Harness;

internal sealed record CommandOptions
{
    public string Input { get; init; } = "";

    public string? WorkingDirectory { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public TimeSpan Timeout { get; init; } = Settings.Scaled(120);
}
