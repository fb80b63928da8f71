namespace Kata.Vmm.Dragonball;

/// <summary>Something about the host that a microVM cannot do without, or works better with.</summary>
/// <param name="Problem">What was found and what to do about it.</param>
/// <param name="IsFatal">Whether no microVM can start.</param>
public sealed record HostFinding(string Problem, bool IsFatal);
