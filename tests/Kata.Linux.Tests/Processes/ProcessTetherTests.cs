namespace Kata.Linux.Tests.Processes;

[TestClass]
public sealed class ProcessTetherTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Dispose_ChildRuns_IsKilledByTheKernel()
    {
        using var tether = new ProcessTether();
        // SIGIO, the signal a descriptor sends by default, is ignored: only SIGKILL can end it.
        using var child = ChildProcess.Start(new ChildProcessOptions
        {
            Path = "/bin/sh",
            Arguments = ["-c", "trap '' IO; exec sleep 1000"],
            Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [3] = tether.FarEnd },
        });
        tether.Attach(child);
        tether.Dispose();
        Assert.AreEqual(new ExitStatus(0, 9), await child.Exited.WaitAsync(TimeSpan.FromSeconds(30), TestContext.CancellationToken));
    }

    [TestMethod]
    public async Task Dispose_ChildHasEnded_DoesNothing()
    {
        using var tether = new ProcessTether();
        using var child = ChildProcess.Start(new ChildProcessOptions
        {
            Path = "/bin/sh",
            Arguments = ["-c", "read line <&3"],
            Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [0] = tether.FarEnd, [3] = tether.FarEnd },
        });
        tether.Attach(child);
        child.Kill(Signal.SIGTERM);
        Assert.AreEqual(15, (await child.Exited.WaitAsync(TestContext.CancellationToken)).Signal);
    }
}
