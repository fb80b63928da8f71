namespace Kata.Shim.Runtime;

/// <summary>How and when a process ended.</summary>
/// <param name="Status">The exit code, or 128 + signal.</param>
/// <param name="At">When.</param>
internal sealed record ProcessExit(uint Status, DateTimeOffset At);
