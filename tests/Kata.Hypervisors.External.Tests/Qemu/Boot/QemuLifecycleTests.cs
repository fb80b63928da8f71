using Kata.Abstractions;
using Kata.Abstractions.Capabilities;
using Kata.Hypervisors.External.Tests.Support;
using Kata.Linux;

namespace Kata.Hypervisors.External.Tests.Qemu.Boot;

/// <summary>Real boots of a distribution kernel.</summary>
[TestClass]
[DoNotParallelize]
public sealed class QemuLifecycleTests
{
    public TestContext TestContext { get; set; } = null!;

    private CancellationToken Token => TestContext.CancellationToken;

    [TestMethod]
    [DataRow("q35", "poweroff", VmExitReason.GuestShutdown)]
    [DataRow("q35", "reboot", VmExitReason.GuestReset)]
    [DataRow("q35", "panic", VmExitReason.GuestPanic)]
    [DataRow("microvm", "poweroff", VmExitReason.GuestShutdown)]
    [DataRow("microvm", "reboot", VmExitReason.GuestReset)]
    [DataRow("microvm", "panic", VmExitReason.GuestPanic)]
    public async Task Exited_GuestEnds_SaysHow(string machine, string action, VmExitReason reason)
    {
        await using var vm = TestVm.Create($"test={action}", configuration => configuration with { MachineType = machine });
        await vm.StartAsync(Token);
        var exit = await vm.ExitAsync(Token);
        Assert.AreEqual(reason, exit.Reason, exit.Detail);
        Assert.AreEqual(0, exit.Status);
        StringAssert.Contains(exit.Detail, reason == VmExitReason.GuestPanic ? "Kernel panic" : "guest: up", StringComparison.Ordinal);
    }

    [TestMethod]
    public async Task StopAsync_Running_EndsOrderlyAndOnlyOnce()
    {
        await using var vm = await TestVm.BootAsync("test=idle", Token);
        var state = vm.Hypervisor.State;
        Assert.IsTrue(state.MainProcessId > 1);
        Assert.AreEqual(1, state.VcpuThreadIds.Count);
        Assert.AreEqual(ProcessTable.StartTimeOf(state.MainProcessId), state.Processes[0].StartTime);

        await vm.Hypervisor.StopAsync(TimeSpan.FromSeconds(30), Token);
        Assert.AreEqual(new VmExit(VmExitReason.Stopped, 0), await vm.Hypervisor.Exited with { Detail = "" });
        Assert.IsNull(ProcessTable.StartTimeOf(state.MainProcessId));
        await vm.Hypervisor.StopAsync(TimeSpan.FromSeconds(30), Token);
        await vm.Hypervisor.DisposeAsync();
        await vm.Hypervisor.DisposeAsync();
        Assert.AreEqual(0, Directory.GetFileSystemEntries(vm.RunDirectory).Length);
    }

    [TestMethod]
    public async Task Exited_QemuKilled_IsAFailureWithTheSignal()
    {
        await using var vm = await TestVm.BootAsync("test=idle", Token);
        ProcessTable.SendSignal(vm.Hypervisor.State.MainProcessId, Signal.SIGKILL);
        var exit = await vm.ExitAsync(Token);
        Assert.AreEqual(VmExitReason.VmmFailure, exit.Reason);
        Assert.AreEqual(137, exit.Status);
        var error = await Assert.ThrowsAsync<HypervisorException>(async () => await ((IPausable)vm.Hypervisor).PauseAsync(Token));
        Assert.AreEqual(KataErrorKind.Unavailable, error.Kind);
    }

    [TestMethod]
    public async Task StopAsync_QemuHangs_KillsItAfterTheGrace()
    {
        await using var vm = TestVm.Create("test=idle");
        await vm.StartAsync(Token);
        ProcessTable.SendSignal(vm.Hypervisor.State.MainProcessId, Signal.SIGSTOP);
        await vm.Hypervisor.StopAsync(TimeSpan.FromMilliseconds(300), Token);
        Assert.AreEqual(VmExitReason.Stopped, (await vm.Hypervisor.Exited).Reason);
        Assert.IsTrue(vm.Log.Lines.Any(line => line.Contains("it is killed", StringComparison.Ordinal)));
        Assert.IsNull(ProcessTable.StartTimeOf(vm.Hypervisor.State.MainProcessId));
    }

    [TestMethod]
    public async Task PauseAsync_GuestPrints_IsSilentUntilResumed()
    {
        await using var vm = await TestVm.BootAsync("test=flood", Token);
        await vm.Log.WaitForAsync("console: flood", Token);
        var pausable = (IPausable)vm.Hypervisor;
        await pausable.PauseAsync(Token);
        await vm.Log.WaitForAsync("QEMU event STOP", Token);
        // What the guest wrote before the pause may still be on its way.
        await Task.Delay(TimeSpan.FromSeconds(2), Token);
        var paused = vm.Log.Lines.Count;
        await Task.Delay(TimeSpan.FromSeconds(1), Token);
        Assert.AreEqual(paused, vm.Log.Lines.Count);
        await pausable.ResumeAsync(Token);
        await vm.Log.WaitForAsync("console: flood", Token, paused);
    }

    [TestMethod]
    public async Task CleanUpAsync_RuntimeLostIt_EndsTheRecordedProcessOnly()
    {
        await using var vm = await TestVm.BootAsync("test=idle", Token);
        var state = vm.Hypervisor.State;
        var provider = new QemuProvider();
        var other = state with { Processes = [new ProcessIdentity(state.MainProcessId, state.Processes[0].StartTime + 1)] };
        await provider.CleanUpAsync(other, Token);
        Assert.IsFalse(vm.Hypervisor.Exited.IsCompleted);
        await provider.CleanUpAsync(state, Token);
        Assert.AreEqual(137, (await vm.ExitAsync(Token)).Status);
        await provider.CleanUpAsync(state, Token);
    }

    [TestMethod]
    public async Task StartStop_TenTimes_LeavesNothing()
    {
        // Pipes, sockets and the like, "socket:[1234]": the runtime opens files, assemblies and their symbols, when they are first needed.
        static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd")
            .Count(path => new FileInfo(path).LinkTarget?.Contains(':', StringComparison.Ordinal) == true);
        var before = 0;
        for (var i = 0; i < 10; i++)
        {
            await using (var vm = TestVm.Create("test=idle"))
            {
                await vm.StartAsync(Token);
                await vm.Hypervisor.StopAsync(i % 2 == 0 ? TimeSpan.FromSeconds(30) : TimeSpan.Zero, Token);
                Assert.IsNull(ProcessTable.StartTimeOf(vm.Hypervisor.State.MainProcessId));
                await vm.Hypervisor.DisposeAsync();
                Assert.AreEqual(0, Directory.GetFileSystemEntries(vm.RunDirectory).Length);
            }

            // The first rounds, one for each way to stop, start threads and pollers that stay.
            if (i == 1)
                before = Descriptors();
        }

        Assert.AreEqual(before, Descriptors());
    }
}
