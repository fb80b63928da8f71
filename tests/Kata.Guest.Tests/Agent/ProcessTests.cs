using Kata.Guest.Agent.Containers;
using Kata.Linux;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class ProcessTests
{
    [TestMethod]
    [DataRow("SigCgt:\t0000000000004000", 15, true)]
    [DataRow("SigCgt:\t0000000000004000", 9, false)]
    [DataRow("SigCgt:\t8000000000000000", 64, true)]
    [DataRow("SigCgt:\tnonsense", 15, false)]
    [DataRow("SigIgn:\tffffffffffffffff", 15, false)]
    [DataRow("SigCgt:\tffffffffffffffff", 0, false)]
    public void IsCaught_Status_TellsOfAHandler(string line, int signal, bool caught) =>
        Assert.AreEqual(caught, ProcessSignals.IsCaught(["Name:\tx", line, "CapInh:\t0"], signal));

    [TestMethod]
    public void LastError_Log_IsTheLastMessage()
    {
        Assert.AreEqual("second", OciRuntime.LastError(["{\"msg\":\"first\",\"level\":\"warning\"}", "{\"msg\":\"second\",\"level\":\"error\"}"]));
        Assert.AreEqual("plain text", OciRuntime.LastError(["plain text"]));
        Assert.AreEqual("", OciRuntime.LastError([]));
    }

    [TestMethod]
    [DoNotParallelize]
    public async Task Adopt_OrphanThatEndedBefore_StillHasItsStatus()
    {
        CurrentProcess.BecomeSubreaper();
        var orphan = await LeaveOrphanAsync("exit 7");
        using var adopted = AdoptedProcess.Adopt(orphan);
        Assert.AreEqual(7, (await adopted.Exited).ShellCode);
        Assert.IsFalse(adopted.Kill((int)Signal.SIGKILL));
    }

    [TestMethod]
    [DoNotParallelize]
    public async Task Adopt_RunningOrphan_CanBeKilled()
    {
        CurrentProcess.BecomeSubreaper();
        using var adopted = AdoptedProcess.Adopt(await LeaveOrphanAsync("exec sleep 1000"));
        Assert.IsTrue(adopted.Kill((int)Signal.SIGKILL));
        Assert.AreEqual(137, (await adopted.Exited).ShellCode);
    }

    [TestMethod]
    [DoNotParallelize]
    public async Task ListChildren_Orphan_IsThereUntilAdopted()
    {
        CurrentProcess.BecomeSubreaper();
        var orphan = await LeaveOrphanAsync("exit 3");
        CollectionAssert.Contains(AdoptedProcess.ListChildren().ToArray(), orphan);
        using var adopted = AdoptedProcess.Adopt(orphan);
        await adopted.Exited;
        CollectionAssert.DoesNotContain(AdoptedProcess.ListChildren().ToArray(), orphan);
    }

    /// <summary>Starts a shell that starts another one and ends; the other runs a command then. Its pid.</summary>
    private static async Task<int> LeaveOrphanAsync(string command)
    {
        var (output, outputWrite) = FileDescriptors.Pipe();
        var (gate, gateWrite) = FileDescriptors.Pipe();
        using var held = output;
        // The orphan waits until its parent is gone: before that the parent could reap it.
        using (gateWrite)
        using (gate)
        using (outputWrite)
        {
            using var shell = ChildProcess.Start(new ChildProcessOptions
            {
                Path = "/bin/sh",
                Arguments = ["-c", $"(read gate <&3; {command}) >/dev/null 2>&1 & echo $!"],
                Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [1] = outputWrite, [3] = gate },
            });
            await shell.Exited;
        }

        var buffer = new byte[32];
        return int.Parse(System.Text.Encoding.ASCII.GetString(buffer, 0, FileDescriptors.Read(output, buffer)), System.Globalization.CultureInfo.InvariantCulture);
    }
}
