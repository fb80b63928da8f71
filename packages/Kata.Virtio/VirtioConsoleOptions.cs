using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Virtio;

/// <summary>What a guest's console is connected to.</summary>
public sealed record VirtioConsoleOptions
{
    /// <summary>Takes what the guest writes.</summary>
    public required ConsoleOutput Output { get; init; }

    /// <summary>
    /// How long the guest waits for an output that takes nothing; a Linux guest does so with a spinning CPU. Then what it writes is lost,
    /// until the output takes something again.
    /// </summary>
    public TimeSpan OutputTimeout { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Characters in a line of the terminal.</summary>
    public ushort Columns { get; init; } = 80;

    /// <summary>Lines of the terminal.</summary>
    public ushort Rows { get; init; } = 25;

    /// <summary>Where events of the device are reported.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
