using Kata.Abstractions;
using Kata.Hypervisors.External.Qemu;
using Kata.Linux;

namespace Kata.Hypervisors.External.Tests.Qemu;

[TestClass]
public sealed class VmExitReportTests
{
    [TestMethod]
    [DataRow(true, "host-qmp-quit", null, VmExitReason.Stopped)]
    [DataRow(true, null, null, VmExitReason.Stopped)]
    [DataRow(false, "guest-shutdown", null, VmExitReason.GuestShutdown)]
    [DataRow(false, "guest-reset", null, VmExitReason.GuestReset)]
    [DataRow(false, "guest-reset", "Kernel panic - not syncing: out of luck", VmExitReason.GuestPanic)]
    [DataRow(false, "guest-panic", null, VmExitReason.GuestPanic)]
    [DataRow(false, "host-signal", null, VmExitReason.VmmFailure)]
    [DataRow(false, null, null, VmExitReason.VmmFailure)]
    public void Make_Reasons(bool stopped, string? shutdown, string? panic, VmExitReason expected) =>
        Assert.AreEqual(expected, VmExitReport.Make(stopped, shutdown, new ExitStatus(0, 9), panic, [], []).Reason);

    [TestMethod]
    public void Make_Killed_TellsStatusErrorsAndConsole()
    {
        var exit = VmExitReport.Make(false, null, new ExitStatus(0, 9), null, ["qemu: bad"], ["last words"]);
        Assert.AreEqual(137, exit.Status);
        Assert.AreEqual("QEMU ended with signal 9.\nqemu: bad\nlast words", exit.Detail);
    }

    [TestMethod]
    public void StartFailure_SilentOrNot_IsOneLine()
    {
        Assert.AreEqual("QEMU did not start: a; b", VmExitReport.StartFailure(new ExitStatus(1, 0), ["a", "b"]));
        StringAssert.Contains(VmExitReport.StartFailure(new ExitStatus(1, 0), []), "exit code 1", StringComparison.Ordinal);
    }
}
