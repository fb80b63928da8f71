namespace Kata.Shim.Resources.Network;

/// <summary>What was changed in the sandbox's network namespace.</summary>
internal sealed record NetworkState
{
    /// <summary>The network namespace.</summary>
    public required string NamespacePath { get; init; }

    /// <summary>The runtime made the namespace and removes it.</summary>
    public bool Owned { get; init; }

    /// <summary>TAP devices that were made.</summary>
    public IReadOnlyList<string> Taps { get; init; } = [];

    /// <summary>Interfaces whose incoming packets go to a TAP device.</summary>
    public IReadOnlyList<string> Redirected { get; init; } = [];
}
