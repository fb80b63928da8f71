using Grpc.Core;
using Kata.EndToEnd.Tests.Harness;
using Kata.Protocols.Oci;
using Status = Kata.Protocols.Containerd.Task.Status;

namespace Kata.EndToEnd.Tests.Scenarios;

/// <summary>Something dies or is full; containerd learns of it, and nothing stays behind.</summary>
[TestClass]
public sealed class FaultTests : ScenarioTest
{
    protected override TimeSpan CleanupTime => Settings.Scaled(60);

    // runc's shim removes a dead shim's socket on the next start with the same id only.
    protected override bool IsTolerated(string entry) =>
        !Host.Settings.IsKata && entry.StartsWith("file: run/containerd/s/", StringComparison.Ordinal);

    [TestMethod]
    public async Task Vmm_Killed_EndsTheContainer()
    {
        RequireExternalVmm();
        await using var container = await RunAsync("sleep", "1000");
        var exec = await container.StartExecAsync(new(), "sleep", "1000");

        await Host.Isolation.SignalAsync(HostProcesses.Vmm(Host, container.Id).Pid, "KILL");

        await AssertEndedAsync(container, exec);
    }

    [TestMethod]
    [TestCategory(ForLab)]
    public async Task Agent_LostWithItsKernel_EndsTheContainer()
    {
        RequireVm();
        await using var container = await RunAsync(new ContainerOptions { Configure = Privileged }, "sleep", "1000");

        // The kernel goes down with the command, so only the sandbox's end can answer.
        var crash = await container.StartExecAsync(new(), "sh", "-c", "echo c > /proc/sysrq-trigger");

        await AssertEndedAsync(container, crash);
    }

    [TestMethod]
    public async Task VirtioFsDaemon_Killed_EndsTheContainer()
    {
        RequireVirtioFsDaemon();
        await using var container = await RunAsync(
            new ContainerOptions { ConfigurationPath = Host.DaemonConfigurationPath }, "sleep", "1000");

        foreach (var daemon in HostProcesses.VirtioFsDaemons(Host, container.Id))
            await Host.Isolation.SignalAsync(daemon.Pid, "KILL");

        await AssertEndedAsync(container);
    }

    [TestMethod]
    [TestCategory(ForLab)]
    public async Task Shim_Killed_ContainerdReportsTheExitAndCleansUp()
    {
        await using var container = await RunAsync("sleep", "1000");
        var wait = container.Init.WaitAsync();

        await Host.Isolation.SignalAsync(HostProcesses.Shim(Host, container.Id).Pid, "KILL");

        var exit = await Host.Events.WaitForAsync(container.Id, "/tasks/exit");
        Assert.AreEqual(137U, exit.ExitStatus);
        await Host.Events.WaitForAsync(container.Id, "/tasks/delete");
        await Assert.ThrowsExactlyAsync<RpcException>(() => wait.WaitAsync(Eventually.Patience));
        await Eventually.GetAsync(() => Directory.Exists(Host.Containerd.Bundle(TestHost.Namespace, container.Id)) ? null : this, "removal of the bundle");
        await AssertRpcFailsAsync(StatusCode.NotFound, container.Init.StateAsync);
        Assert.HasCount(1, container.Events.Where(e => e.Topic == "/tasks/exit"));
    }

    [TestMethod]
    public async Task Containerd_Restarted_FindsTheContainerAgain()
    {
        await using var container = await RunAsync("sh", "-c", "while [ ! -e /tmp/stop ]; do sleep 0.1; done; echo last words; exit 21");
        await using var second = await RunAsync("sleep", "1000");
        uint pid = container.Init.Pid;

        await Host.RestartContainerdAsync();

        var state = await container.Init.StateAsync();
        Assert.AreEqual((Status.Running, pid), (state.Status, state.Pid));
        var wait = container.Init.WaitAsync();
        Assert.AreEqual("still here\n", (await container.ShellAsync("echo still here; touch /tmp/stop")).Succeeded());
        Assert.AreEqual(21U, (await wait.WaitAsync(Eventually.Patience)).ExitStatus);
        await Host.Events.WaitForAsync(container.Id, "/tasks/exit");
        await container.Init.Io.CompleteAsync();
        Assert.AreEqual("last words\n", container.Init.Io.Output.Text);
        Assert.AreEqual(21U, (await container.Init.DeleteAsync()).ExitStatus);

        await second.Init.KillAsync(9);
        Assert.AreEqual(137U, (await second.Init.WaitAsync()).ExitStatus);
    }

    [TestMethod]
    public async Task Container_ExitedWhileContainerdWasAway_IsReportedAfterwards()
    {
        await using var container = await RunAsync("sh", "-c", "sleep 1; exit 22");

        await Host.Containerd.KillAsync();
        await Task.Delay(2000);
        await Host.Containerd.StartAsync(Host.Client);
        await Host.Events.SubscribeAsync();

        Assert.AreEqual(22U, (await container.Init.WaitAsync()).ExitStatus);
        Assert.AreEqual(22U, (await container.Init.DeleteAsync()).ExitStatus);
    }

    [TestMethod]
    public async Task StateDirectory_Full_FailsWithTheReasonAndRecovers()
    {
        // The isolated host's /run is small and its own.
        string filler = $"{Host.Isolation.Root}/run/filler";
        await Host.Isolation.RunAsync("dd", ["if=/dev/zero", "of=/run/filler", "bs=4k"]);
        int failures = 0;
        try
        {
            // With every bit of space more, someone gets further.
            foreach (int kilobytes in (int[])[0, 4, 4, 8, 16])
            {
                using (var file = File.OpenWrite(filler))
                    file.SetLength(file.Length - (kilobytes * 1024));
                failures += await FailsForSpaceAsync() ? 1 : 0;
            }
        }
        finally
        {
            File.Delete(filler);
        }

        Assert.IsGreaterThan(0, failures);
        Assert.IsFalse(await FailsForSpaceAsync());
    }

    [TestMethod]
    [DataRow(30)]
    [DataRow(500)]
    [DataRow(2000)]
    public async Task Create_CancelledHalfWay_LeavesNothing(int milliseconds)
    {
        await using var container = await Container.PrepareAsync(Host, new(), "sleep", "1000");
        using var cancellation = new CancellationTokenSource(milliseconds);

        try
        {
            await container.CreateTaskAsync(ContainerProcess.Deadline, cancellation.Token);
        }
        catch (RpcException e)
        {
            Assert.AreEqual(StatusCode.Cancelled, e.StatusCode, e.Status.Detail);
            await Eventually.GetAsync(() => container.Events.All(e => e.Topic != "/tasks/exit") ? this : null, "missing exit event");
        }
    }

    private static async Task<bool> FailsForSpaceAsync()
    {
        try
        {
            await using var container = await RunAsync("true");
            Assert.AreEqual(0U, (await container.Init.FinishAsync()).ExitStatus);
            return false;
        }
        catch (RpcException e)
        {
            // runc itself may die without a word.
            if (Host.Settings.IsKata)
                StringAssert.Contains(e.Status.Detail.ToUpperInvariant(), "NO SPACE LEFT ON DEVICE");
            return true;
        }
    }

    private static async Task AssertEndedAsync(Container container, ContainerProcess? exec = null)
    {
        uint status = await container.Init.ExitAsync();
        Assert.AreNotEqual(0U, status);
        if (exec is not null)
            Assert.AreNotEqual(0U, await exec.ExitAsync());
        Assert.AreEqual(Status.Stopped, (await container.Init.StateAsync()).Status);
        await Host.Events.WaitForAsync(container.Id, "/tasks/exit");
        var e = await Assert.ThrowsExactlyAsync<RpcException>(() => container.ShellAsync("true"));
        Assert.AreNotEqual(StatusCode.DeadlineExceeded, e.StatusCode, e.Status.Detail);
        await container.Init.Io.CompleteAsync();
        Assert.AreEqual(status, (await container.Init.DeleteAsync()).ExitStatus);
        await Host.Events.WaitForAsync(container.Id, "/tasks/delete");
        Assert.HasCount(1, container.Events.Where(e => e is { Topic: "/tasks/exit", ExecId: "" }));
    }

    private static Spec Privileged(Spec spec) => spec with { Linux = spec.Linux! with { MaskedPaths = null, ReadonlyPaths = null } };
}
