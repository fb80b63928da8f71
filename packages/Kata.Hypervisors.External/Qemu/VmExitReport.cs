using Kata.Abstractions;
using Kata.Linux;

namespace Kata.Hypervisors.External.Qemu;

/// <summary>Tells from QEMU's last event, its exit status and the last lines it and the guest wrote why a VM ended.</summary>
internal static class VmExitReport
{
    /// <summary>How a kernel begins its last message.</summary>
    public const string PanicText = "Kernel panic - not syncing";

    private const int LinesOfConsole = 12;
    private const int LinesOfErrors = 8;

    /// <param name="stopped">The runtime asked for it.</param>
    /// <param name="shutdownReason">QEMU's reason (ShutdownCause) for SHUTDOWN, or null without that event.</param>
    /// <param name="status">How QEMU ended.</param>
    /// <param name="panic">The line with which the guest's kernel panicked, or null. The backtrace after it may be long.</param>
    /// <param name="errors">The last lines of its standard error.</param>
    /// <param name="console">The last lines of the guest's console.</param>
    public static VmExit Make(
        bool stopped, string? shutdownReason, ExitStatus status, string? panic, IReadOnlyList<string> errors, IReadOnlyList<string> console)
    {
        var reason = (stopped, shutdownReason) switch
        {
            (true, _) => VmExitReason.Stopped,
            (_, "guest-panic") => VmExitReason.GuestPanic,
            // A kernel that panics reboots (panic=1); only its console tells that from a wanted reboot.
            (_, "guest-reset") => panic is null ? VmExitReason.GuestReset : VmExitReason.GuestPanic,
            (_, "guest-shutdown") => VmExitReason.GuestShutdown,
            _ => VmExitReason.VmmFailure,
        };
        var lines = console.TakeLast(LinesOfConsole);
        if (panic is not null)
            lines = lines.Prepend(panic);
        if (reason == VmExitReason.VmmFailure)
            lines = [$"QEMU ended with {status}.", .. errors.TakeLast(LinesOfErrors), .. lines];
        return new VmExit(reason, reason == VmExitReason.Stopped ? 0 : status.ShellCode, string.Join('\n', lines));
    }

    /// <summary>Why QEMU did not start, as one sentence.</summary>
    public static string StartFailure(ExitStatus status, IReadOnlyList<string> errors) => errors.Count == 0
        ? $"QEMU did not start: it ended with {status} and said nothing."
        : $"QEMU did not start: {string.Join("; ", errors.TakeLast(LinesOfErrors))}";
}
