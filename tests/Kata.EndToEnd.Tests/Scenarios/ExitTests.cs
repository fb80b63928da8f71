using Kata.EndToEnd.Tests.Harness;
using Status = Kata.Protocols.Containerd.Task.Status;

namespace Kata.EndToEnd.Tests.Scenarios;

[TestClass]
public sealed class ExitTests : ScenarioTest
{
    [TestMethod]
    [DataRow(0U)]
    [DataRow(1U)]
    [DataRow(42U)]
    [TestCategory(ForLab)]
    public async Task Run_InitExits_ReportsItsStatusAndEventsInOrder(uint status)
    {
        await using var container = await RunAsync("sh", "-c", $"echo out; echo err >&2; exit {status}");

        Assert.AreEqual(status, await container.Init.ExitAsync());
        var state = await container.Init.StateAsync();
        var result = await container.Init.FinishAsync();

        Assert.AreEqual(Status.Stopped, state.Status);
        Assert.AreEqual(status, state.ExitStatus);
        Assert.IsGreaterThan(0U, state.Pid);
        Assert.AreEqual(new(status, "out\n", "err\n"), result);
        await Host.Events.WaitForAsync(container.Id, "/tasks/delete");
        CollectionAssert.AreEqual(
            new[] { "/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete" },
            container.Events.Select(e => e.Topic).ToArray());
        Assert.IsTrue(container.Events.All(e => e.Pid == state.Pid), string.Join('\n', container.Events));
        Assert.IsTrue(container.Events.Skip(2).All(e => e.ExitStatus == status && e.ExitedAt == state.ExitedAt), string.Join('\n', container.Events));
    }

    [TestMethod]
    public async Task Kill_RunningInit_EndsWith137()
    {
        await using var container = await RunAsync("sleep", "1000");

        await container.Init.KillAsync(9);

        Assert.AreEqual(137U, (await container.Init.FinishAsync()).ExitStatus);
    }
}
