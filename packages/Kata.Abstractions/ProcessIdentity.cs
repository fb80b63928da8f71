namespace Kata.Abstractions;

/// <summary>A process that cannot be mistaken for a later one with the same pid.</summary>
/// <param name="Pid">Process id in the host's pid namespace.</param>
/// <param name="StartTime">Field 22 of <c>/proc/PID/stat</c>: clock ticks since boot.</param>
public readonly record struct ProcessIdentity(int Pid, ulong StartTime);
