using Grpc.Core;
using Kata.EndToEnd.Tests.Harness;
using Status = Kata.Protocols.Containerd.Task.Status;

namespace Kata.EndToEnd.Tests.Scenarios;

[TestClass]
public sealed class LifecycleTests : ScenarioTest
{
    [TestMethod]
    [TestCategory(ForLab)]
    public async Task Task_CreatedThenStarted_FollowsTheStateMachine()
    {
        await using var container = await Container.CreateAsync(Host, new(), "sleep", "1000");
        var state = await container.Init.StateAsync();
        Assert.AreEqual(Status.Created, state.Status);
        Assert.IsGreaterThan(0U, state.Pid);
        Assert.AreEqual(container.Init.Io.Stdout, state.Stdout);
        await AssertRpcFailsAsync(StatusCode.AlreadyExists, () => Host.Client.Tasks.CreateAsync(new() { ContainerId = container.Id }).ResponseAsync);

        await container.Init.StartAsync();
        Assert.AreEqual(Status.Running, (await container.Init.StateAsync()).Status);
        Assert.AreEqual(state.Pid, container.Init.Pid);
        await AssertRpcFailsAsync(StatusCode.FailedPrecondition, container.Init.StartAsync, runc: StatusCode.Unknown);
        await AssertRpcFailsAsync(StatusCode.FailedPrecondition, container.Init.DeleteAsync, runc: StatusCode.Unknown);
        await AssertRpcFailsAsync(StatusCode.InvalidArgument, () => container.Init.KillAsync(999), runc: StatusCode.Unknown);

        await container.Init.KillAsync(9);
        Assert.AreEqual(137U, await container.Init.ExitAsync());
        Assert.AreEqual(Status.Stopped, (await container.Init.StateAsync()).Status);
        Assert.AreEqual(137U, (await container.Init.WaitAsync()).ExitStatus);
        await AssertRpcFailsAsync(StatusCode.NotFound, () => container.Init.KillAsync(9));
        await AssertRpcFailsAsync(
            StatusCode.FailedPrecondition, () => container.AddExecAsync(new(), "true"), runc: StatusCode.Unknown);

        var deleted = await container.Init.DeleteAsync();
        Assert.AreEqual((137U, state.Pid), (deleted.ExitStatus, deleted.Pid));
        await AssertRpcFailsAsync(StatusCode.NotFound, container.Init.StateAsync);
        await AssertRpcFailsAsync(StatusCode.NotFound, container.Init.DeleteAsync);
        await AssertRpcFailsAsync(StatusCode.NotFound, container.Init.WaitAsync);
        await AssertRpcFailsAsync(StatusCode.NotFound, () => container.Init.KillAsync(9));
        Assert.HasCount(1, container.Events.Where(e => e.Topic == "/tasks/exit"));
    }

    [TestMethod]
    public async Task Task_DeletedBeforeItStarted_LeavesNothing()
    {
        await using var container = await Container.CreateAsync(Host, new(), "sleep", "1000");
        var wait = container.Init.WaitAsync();

        await container.Init.KillAsync(9);
        await wait.WaitAsync(Eventually.Patience);
        await container.Init.DeleteAsync();

        await AssertRpcFailsAsync(StatusCode.NotFound, container.Init.StateAsync);
    }

    [TestMethod]
    public async Task Kill_TermWithHandler_EndsAsTheHandlerSays()
    {
        await using var container = await RunAsync("sh", "-c", "trap 'exit 33' TERM; echo ready; while :; do sleep 1; done");
        await container.Init.Io.WaitForOutputAsync("ready");

        await container.Init.KillAsync(15);

        Assert.AreEqual(33U, (await container.Init.FinishAsync()).ExitStatus);
    }

    [TestMethod]
    public async Task Kill_All_EndsEveryProcess()
    {
        await using var container = await RunAsync("sleep", "1000");
        var exec = await container.StartExecAsync(new(), "sleep", "1000");

        await container.Init.KillAsync(9, all: true);

        Assert.AreEqual(137U, await exec.ExitAsync());
        Assert.AreEqual(137U, await container.Init.ExitAsync());
        var exits = await Eventually.GetAsync(
            () => container.Events.Where(e => e.Topic == "/tasks/exit").ToArray() is { Length: 2 } all ? all : null, "two exit events");
        CollectionAssert.AreEquivalent(new[] { "", exec.ExecId }, exits.Select(e => e.ExecId).ToArray());
    }

    [TestMethod]
    [TestCategory(ForLab)]
    public async Task PauseAndResume_RunningContainer_StopAndContinueIt()
    {
        await using var container = await RunAsync("sh", "-c", "while :; do echo x; sleep 0.1; done");
        await container.Init.Io.WaitForOutputAsync("x\nx\n");

        await container.PauseAsync();
        Assert.AreEqual(Status.Paused, (await container.Init.StateAsync()).Status);
        await AssertRpcFailsAsync(
            StatusCode.FailedPrecondition, () => container.StartExecAsync(new(), "true"), runc: StatusCode.Unknown);
        // What was on its way arrives; then nothing more.
        await Task.Delay(500);
        long length = container.Init.Io.Output.Length;
        await Task.Delay(1000);
        Assert.AreEqual(length, container.Init.Io.Output.Length);

        await container.ResumeAsync();
        Assert.AreEqual(Status.Running, (await container.Init.StateAsync()).Status);
        await Eventually.GetAsync(() => container.Init.Io.Output.Length > length ? container : null, "output after resuming");
        Assert.AreEqual("ok\n", (await container.ShellAsync("echo ok")).Succeeded());
        await container.Init.KillAsync(9);
        await container.Init.FinishAsync();
        CollectionAssert.IsSubsetOf(new[] { "/tasks/paused", "/tasks/resumed" }, container.Events.Select(e => e.Topic).ToArray());
    }

    [TestMethod]
    public async Task StatsUpdateAndPids_RunningContainer_ReflectIt()
    {
        const long MemoryLimit = 96 << 20;
        await using var container = await RunAsync(
            new ContainerOptions
            {
                Configure = spec => spec with
                {
                    Linux = spec.Linux! with { Resources = spec.Linux.Resources! with { Memory = new() { Limit = 64 << 20 } } },
                },
            },
            "sh", "-c", "while :; do sleep 1; done");

        var before = Statistics.From(await container.StatsAsync());
        await container.ShellAsync("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
        var after = Statistics.From(await container.StatsAsync());
        Assert.IsGreaterThan(before.Cpu, after.Cpu);
        Assert.IsGreaterThan(0UL, after.MemoryUsage);
        Assert.IsGreaterThan(0UL, after.Pids);
        Assert.AreEqual(64UL << 20, after.MemoryLimit);
        Assert.AreEqual(File.Exists("/sys/fs/cgroup/cgroup.controllers"), after.IsV2);

        await container.UpdateAsync(new() { Memory = new() { Limit = MemoryLimit }, Pids = new() { Limit = 77 } });
        var updated = Statistics.From(await container.StatsAsync());
        Assert.AreEqual((ulong)MemoryLimit, updated.MemoryLimit);
        Assert.AreEqual(77UL, updated.PidsLimit);

        // The agent lists no processes, so a VM's are the ones the shim knows.
        CollectionAssert.Contains((await container.PidsAsync()).ToArray(), container.Init.Pid);
        await container.Init.KillAsync(9);
        await container.Init.FinishAsync();
        await Assert.ThrowsAsync<Exception>(container.StatsAsync);
    }

    [TestMethod]
    public async Task Memory_AboveTheLimit_KillsTheProcessAndReportsIt()
    {
        await using var container = await RunAsync(
            new ContainerOptions
            {
                Configure = spec => spec with
                {
                    Linux = spec.Linux! with { Resources = spec.Linux.Resources! with { Memory = new() { Limit = 16 << 20, Swap = 16 << 20 } } },
                },
            },
            "sh", "-c", "sleep 1; tail /dev/zero");

        Assert.AreEqual(137U, (await container.Init.FinishAsync()).ExitStatus);

        await Host.Events.WaitForAsync(container.Id, "/tasks/oom");
    }
}
