using Grpc.Core;
using Kata.Protocols.Containerd.Task;
using Kata.Shim.Tests.Fakes;
using Kata.Shim.Tests.Services;

namespace Kata.Shim.Tests.Runtime;

/// <summary>What happens when parts of a sandbox die.</summary>
[TestClass]
public sealed class FaultTests
{
    [TestMethod]
    public async Task VmDies_EveryProcessExitsOnceAndTheContainerCanBeDeleted()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();
        await shim.Task.ExecAsync(ShimFixture.ExecRequest("e1"));
        await shim.Task.StartAsync(new StartRequest { Id = "c1", ExecId = "e1" });
        var waits = new[]
        {
            shim.Task.WaitAsync(new WaitRequest { Id = "c1" }).ResponseAsync,
            shim.Task.WaitAsync(new WaitRequest { Id = "c1", ExecId = "e1" }).ResponseAsync,
        };

        shim.Provider.Vm!.Kill(Linux.Signal.SIGKILL);

        foreach (var response in await Task.WhenAll(waits).WaitAsync(TimeSpan.FromSeconds(20)))
            Assert.AreEqual(137u, response.ExitStatus);
        await TaskServiceTests.AssertFailsAsync(
            StatusCode.NotFound, shim.Task.KillAsync(new KillRequest { Id = "c1", Signal = 9 }).ResponseAsync);
        await TaskServiceTests.AssertFailsAsync(
            StatusCode.FailedPrecondition, shim.Task.ExecAsync(ShimFixture.ExecRequest("e2")).ResponseAsync);
        await shim.Task.DeleteAsync(new DeleteRequest { Id = "c1" });
        Assert.IsFalse(shim.HasState);
        await shim.Containerd.WaitForAsync(events => events.Contains("delete c1 137"));
        Assert.AreEqual(1, shim.Containerd.Summary.Count(e => e == "exit c1 c1 137"));
        Assert.AreEqual(1, shim.Containerd.Summary.Count(e => e == "exit c1 e1 137"));
    }

    [TestMethod]
    public async Task AgentDies_TheVmIsStopped()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();

        await shim.Agent.DisposeAsync();

        var exit = await shim.Task.WaitAsync(new WaitRequest { Id = "c1" }).ResponseAsync.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.AreEqual(137u, exit.ExitStatus);
        Assert.IsTrue(shim.Provider.Vm!.Exited.IsCompleted);
    }

    [TestMethod]
    public async Task VmDies_BeforeStart_StartFailsAndTheExitIsReported()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.Task.CreateAsync(shim.CreateRequest());

        shim.Provider.Vm!.Kill(Linux.Signal.SIGKILL);
        await shim.Task.WaitAsync(new WaitRequest { Id = "c1" });

        await TaskServiceTests.AssertFailsAsync(
            StatusCode.FailedPrecondition, shim.Task.StartAsync(new StartRequest { Id = "c1" }).ResponseAsync);
        await shim.Task.DeleteAsync(new DeleteRequest { Id = "c1" });
        await shim.Containerd.WaitForAsync(events => events.Count == 3);
        CollectionAssert.AreEqual(new[] { "create c1", "exit c1 c1 137", "delete c1 137" }, shim.Containerd.Summary);
    }

    [TestMethod]
    public async Task StateDirectory_CannotBeWritten_CreateFails()
    {
        await using var shim = await ShimFixture.StartAsync();
        File.WriteAllText(shim.StateRoot, "in the way");

        var message = await TaskServiceTests.AssertFailsAsync(
            StatusCode.ResourceExhausted, shim.Task.CreateAsync(shim.CreateRequest()).ResponseAsync);

        StringAssert.Contains(message, "state.json");
        File.Delete(shim.StateRoot);
    }
}
