namespace Kata.Vmm.Dragonball;

/// <summary>How a microVM ended.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Detail">What exactly happened, as a sentence.</param>
/// <param name="ConsoleTail">The last lines on the guest's console, at most 4 KiB, as the guest wrote them.</param>
public sealed record MicroVmExit(MicroVmExitReason Reason, string Detail, string ConsoleTail);
