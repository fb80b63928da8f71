using Kata.EndToEnd.Tests.Harness;

namespace Kata.EndToEnd.Tests.Scenarios;

/// <summary>The same through containerd's own command line.</summary>
[TestClass]
public sealed class CtrTests : ScenarioTest
{
    [TestMethod]
    [TestCategory(ForLab)]
    public async Task Run_Foreground_PassesStreamsAndStatus()
    {
        using var ctr = Host.StartCtr(
            ["run", "--rm", .. Host.CtrRuntime, "--env", "NAME=value", OciImage.Name, Host.NewId(), "sh", "-c", "echo $NAME; cat; echo err >&2; exit 42"]);

        Assert.AreEqual("value", await ctr.StandardOutput.ReadLineAsync().WaitAsync(Eventually.Patience));
        // Only now: this ctr never closes a container's input that ends before the container exists.
        await ctr.StandardInput.WriteAsync("piped\n");
        ctr.StandardInput.Close();

        Assert.AreEqual("piped\n", await ctr.StandardOutput.ReadToEndAsync().WaitAsync(Eventually.Patience));
        Assert.AreEqual("err\n", await ctr.StandardError.ReadToEndAsync());
        await ctr.WaitForExitAsync();
        Assert.AreEqual(42, ctr.ExitCode);
    }

    [TestMethod]
    public async Task Run_Detached_CanBeUsedAndRemoved()
    {
        string id = Host.NewId();
        (await Host.CtrAsync(["run", "-d", .. Host.CtrRuntime, OciImage.Name, id, "sleep", "1000"])).OrThrow();
        try
        {
            StringAssert.Matches((await Host.CtrAsync("task", "ls")).OrThrow().Output, new($@"{id}\s+\d+\s+RUNNING"));
            var exec = await Host.CtrAsync("task", "exec", "--exec-id", "x", "--cwd", "/tmp", "--user", "1000", id, "sh", "-c", "pwd; id -u; exit 7");
            Assert.AreEqual(new(7, "/tmp\n1000\n", ""), exec);
            StringAssert.Matches((await Host.CtrAsync("task", "ps", id)).OrThrow().Output, new(@"(?m)^\d+\s"));
            StringAssert.Contains((await Host.CtrAsync("task", "metrics", id)).OrThrow().Output, "memory");

            (await Host.CtrAsync("task", "kill", "--signal", "SIGKILL", id)).OrThrow();
            await Host.Events.WaitForAsync(id, "/tasks/exit");
        }
        finally
        {
            await Host.CtrAsync("task", "rm", "--force", id);
            (await Host.CtrAsync("container", "rm", id)).OrThrow();
        }
    }

    [TestMethod]
    public async Task Run_ImpossibleProgram_SaysWhy()
    {
        var result = await Host.CtrAsync(["run", "--rm", .. Host.CtrRuntime, OciImage.Name, Host.NewId(), "no-such-program"]);

        Assert.AreNotEqual(0, result.ExitCode);
        StringAssert.Contains(result.Error, "no-such-program");
    }
}
