namespace Kata.Vmm.Dragonball;

/// <summary>Why a microVM ended.</summary>
public enum MicroVmExitReason
{
    /// <summary>The host stopped it (<see cref="MicroVm.StopAsync"/> or disposal).</summary>
    Stopped,

    /// <summary>The guest switched itself off (ACPI S5).</summary>
    GuestShutdown,

    /// <summary>The guest reset itself: through ACPI, the keyboard controller or a triple fault. A microVM does not start again.</summary>
    GuestReset,

    /// <summary>The guest's kernel panicked, whether it reset the machine afterwards or not.</summary>
    GuestPanic,

    /// <summary>KVM or a device of the host failed.</summary>
    Failure,
}
