namespace Kata.Abstractions.Devices;

/// <summary>A network card connected to a TAP device in the sandbox's network namespace.</summary>
public sealed record NetworkDevice : Device
{
    /// <summary>Name of the existing TAP device.</summary>
    public required string TapName { get; init; }

    /// <summary>The card's MAC address, <c>aa:bb:cc:dd:ee:ff</c>.</summary>
    public required string MacAddress { get; init; }

    /// <summary>Number of queue pairs, at least 1.</summary>
    public int QueuePairs { get; init; } = 1;
}
