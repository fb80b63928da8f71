using Kata.Abstractions;
using Kata.Vmm.Dragonball.Adapter;

namespace Kata.Vmm.Dragonball.Tests.Adapter;

[TestClass]
public sealed class VmExitReportTests
{
    [TestMethod]
    [DataRow(MicroVmExitReason.Stopped, VmExitReason.Stopped, 0)]
    [DataRow(MicroVmExitReason.GuestShutdown, VmExitReason.GuestShutdown, 0)]
    [DataRow(MicroVmExitReason.GuestReset, VmExitReason.GuestReset, 0)]
    [DataRow(MicroVmExitReason.GuestPanic, VmExitReason.GuestPanic, 0)]
    [DataRow(MicroVmExitReason.Failure, VmExitReason.VmmFailure, 1)]
    public void Make_EveryReason_HasItsCounterpart(MicroVmExitReason reason, VmExitReason expected, int status)
    {
        var exit = VmExitReport.Make(new MicroVmExit(reason, "What happened.", ""));
        Assert.AreEqual(new VmExit(expected, status, "What happened."), exit);
    }

    [TestMethod]
    public void Make_LongConsole_KeepsItsCleanedEnd()
    {
        var console = string.Join("\r\n", Enumerable.Range(1, 30).Select(line => $"line {line}")) + "\r\n\x1b[31mred\x07\n";
        var lines = VmExitReport.Make(new MicroVmExit(MicroVmExitReason.GuestPanic, "It panicked.", console)).Detail.Split('\n');
        Assert.HasCount(13, lines);
        Assert.AreEqual("It panicked.", lines[0]);
        Assert.AreEqual("line 20", lines[1]);
        Assert.AreEqual("[31mred", lines[^1]);
    }
}
