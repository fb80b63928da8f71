namespace Kata.Benchmarks.Shim;

/// <summary>Two starts of a shim.</summary>
/// <param name="Wall">From spawning <c>start</c> to its end, page cache warm: containerd reads the address until the end of the output.</param>
/// <param name="ColdWall">The same after the page cache was dropped.</param>
/// <param name="Cpu">User and system time of the warm <c>start</c> process.</param>
/// <param name="ResidentKib">The daemon's resident memory after a second of idling.</param>
/// <param name="AnonymousKib">The part of it that is not backed by files.</param>
/// <param name="Threads">The daemon's threads.</param>
internal sealed record ShimSample(TimeSpan Wall, TimeSpan ColdWall, TimeSpan Cpu, long ResidentKib, long AnonymousKib, int Threads);
