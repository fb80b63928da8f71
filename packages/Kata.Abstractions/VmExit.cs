namespace Kata.Abstractions;

/// <summary>Why a VM ended.</summary>
/// <param name="Reason">What ended it.</param>
/// <param name="Status">Exit status of the VMM: its exit code, or 128 + signal; 0 for an orderly stop.</param>
/// <param name="Detail">What the VMM last said about it, for the log; empty when it said nothing.</param>
public sealed record VmExit(VmExitReason Reason, int Status, string Detail = "");

/// <summary>What ended a VM.</summary>
public enum VmExitReason
{
    /// <summary>The runtime stopped it.</summary>
    Stopped,

    /// <summary>The guest powered off.</summary>
    GuestShutdown,

    /// <summary>The guest rebooted; VMs do not restart.</summary>
    GuestReset,

    /// <summary>The guest kernel panicked.</summary>
    GuestPanic,

    /// <summary>The VMM died.</summary>
    VmmFailure,
}
