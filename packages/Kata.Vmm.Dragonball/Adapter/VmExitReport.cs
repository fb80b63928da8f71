using Kata.Abstractions;

namespace Kata.Vmm.Dragonball.Adapter;

/// <summary>Tells the runtime how a VM ended.</summary>
internal static class VmExitReport
{
    private const int LinesOfConsole = 12;

    public static VmExit Make(MicroVmExit exit)
    {
        var reason = exit.Reason switch
        {
            MicroVmExitReason.Stopped => VmExitReason.Stopped,
            MicroVmExitReason.GuestShutdown => VmExitReason.GuestShutdown,
            MicroVmExitReason.GuestReset => VmExitReason.GuestReset,
            MicroVmExitReason.GuestPanic => VmExitReason.GuestPanic,
            _ => VmExitReason.VmmFailure,
        };
        var console = exit.ConsoleTail.Split('\n').Select(ConsoleText.Clean).Where(line => line.Length > 0).TakeLast(LinesOfConsole);
        return new VmExit(reason, reason == VmExitReason.VmmFailure ? 1 : 0, string.Join('\n', [exit.Detail, .. console]));
    }
}
