using Kata.Abstractions;
using Kata.Linux;

namespace Kata.Hypervisors.External.Qemu;

/// <summary>Tells from QEMU's last event, its exit status and the last lines it and the guest wrote why a VM ended.</summary>
internal static class VmExitReport
{
    private const string PanicLine = "Kernel panic - not syncing";
    private const int LinesOfConsole = 12;
    private const int LinesOfErrors = 8;

    /// <param name="stopped">The runtime asked for it.</param>
    /// <param name="shutdownReason">QEMU's reason (ShutdownCause) for SHUTDOWN, or null without that event.</param>
    /// <param name="status">How QEMU ended.</param>
    /// <param name="errors">The last lines of its standard error.</param>
    /// <param name="console">The last lines of the guest's console.</param>
    public static VmExit Make(
        bool stopped, string? shutdownReason, ExitStatus status, IReadOnlyList<string> errors, IReadOnlyList<string> console)
    {
        var reason = (stopped, shutdownReason) switch
        {
            (true, _) => VmExitReason.Stopped,
            (_, "guest-panic") => VmExitReason.GuestPanic,
            // A kernel that panics reboots (panic=1); only its console tells that from a wanted reboot.
            (_, "guest-reset") => console.Any(line => line.Contains(PanicLine, StringComparison.Ordinal)) ? VmExitReason.GuestPanic : VmExitReason.GuestReset,
            (_, "guest-shutdown") => VmExitReason.GuestShutdown,
            _ => VmExitReason.VmmFailure,
        };
        var lines = console.TakeLast(LinesOfConsole);
        if (reason == VmExitReason.VmmFailure)
            lines = [$"QEMU ended with {status}.", .. errors.TakeLast(LinesOfErrors), .. lines];
        return new VmExit(reason, reason == VmExitReason.Stopped ? 0 : status.ShellCode, string.Join('\n', lines));
    }

    /// <summary>Why QEMU did not start, as one sentence.</summary>
    public static string StartFailure(ExitStatus status, IReadOnlyList<string> errors) => errors.Count == 0
        ? $"QEMU did not start: it ended with {status} and said nothing."
        : $"QEMU did not start: {string.Join("; ", errors.TakeLast(LinesOfErrors))}";
}
