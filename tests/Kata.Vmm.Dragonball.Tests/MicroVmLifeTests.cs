using System.Text;
using Kata.Abstractions;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests;

[TestClass]
public sealed class MicroVmLifeTests : KvmTest
{
    [TestMethod]
    public async Task Guest_ThatPowersOff_EndsWithWhatItSaid()
    {
        using var output = new MemoryStream();
        await using var vm = Create(new TinyKernel().Print("Hello\n").PowerOff(), output);

        await vm.StartAsync();
        var exit = await vm.Exited.WaitAsync(Limit);

        Assert.AreEqual(MicroVmExitReason.GuestShutdown, exit.Reason, exit.Detail);
        Assert.AreEqual("Hello\n", exit.ConsoleTail);
        Assert.AreEqual("Hello\n", Encoding.ASCII.GetString(output.ToArray()));
        Assert.AreEqual(MicroVmState.Ended, vm.State);
    }

    [TestMethod]
    public async Task Guest_ThatResets_IsReportedAsReset()
    {
        (string Way, TinyKernel Kernel)[] ways =
        [
            ("ACPI", new TinyKernel().Out(0x600, 1).Spin()),
            ("keyboard controller", new TinyKernel().Out(0x64, 0xFE).Spin()),
            ("triple fault", new TinyKernel().Raw(0x0F, 0x0B)), // ud2
        ];
        foreach (var (way, kernel) in ways)
        {
            await using var vm = Create(kernel);
            await vm.StartAsync();
            var exit = await vm.Exited.WaitAsync(Limit);
            Assert.AreEqual(MicroVmExitReason.GuestReset, exit.Reason, exit.Detail);
            StringAssert.Contains(exit.Detail, way);
        }
    }

    [TestMethod]
    public async Task Guest_ThatPanicsAndResets_IsReportedAsPanic()
    {
        await using var vm = Create(new TinyKernel().Print("[ 1.0] Kernel panic - not syncing: no init\r\n").Out(0x64, 0xFE).Spin());

        await vm.StartAsync();
        var exit = await vm.Exited.WaitAsync(Limit);

        Assert.AreEqual(MicroVmExitReason.GuestPanic, exit.Reason);
        StringAssert.Contains(exit.Detail, "Kernel panic - not syncing: no init");
    }

    [TestMethod]
    public async Task Stop_OfAGuestThatSpinsOrHalts_TakesLessThanASecond()
    {
        foreach (var kernel in new[] { new TinyKernel().Spin(), new TinyKernel().Halt() })
        {
            await using var vm = Create(kernel, vcpuCount: 2);
            await vm.StartAsync();
            Assert.HasCount(2, vm.VcpuThreadIds);

            var begin = TimeProvider.System.GetTimestamp();
            await vm.StopAsync(TimeSpan.FromSeconds(1));

            Assert.IsLessThan(TimeSpan.FromSeconds(1), TimeProvider.System.GetElapsedTime(begin));
            Assert.AreEqual(MicroVmExitReason.Stopped, (await vm.Exited).Reason);
            Assert.IsEmpty(vm.VcpuThreadIds);
        }
    }

    [TestMethod]
    public async Task Pause_OfAGuestThatPrints_HoldsItUntilResume()
    {
        await using var vm = Create(new TinyKernel().Out(0x80, 0).Repeat());
        await vm.StartAsync();
        await Task.Delay(50);

        await vm.PauseAsync();
        await vm.PauseAsync();
        var exits = vm.VcpuExits[0].Io;
        await Task.Delay(50);
        Assert.AreEqual(exits, vm.VcpuExits[0].Io);

        await vm.ResumeAsync();
        while (vm.VcpuExits[0].Io == exits)
            await Task.Delay(1);
        Assert.AreEqual(MicroVmState.Running, vm.State);
    }

    [TestMethod]
    public async Task Calls_InTheWrongOrder_SayWhatIsWrong()
    {
        await using var vm = Create(new TinyKernel().Spin());
        await RefusedAsync(() => vm.PauseAsync(), "created");
        await vm.StartAsync();
        await RefusedAsync(() => vm.StartAsync(), "running");
        await vm.StopAsync(TimeSpan.Zero);
        await RefusedAsync(() => vm.ResumeAsync(), "ended");
    }

    [TestMethod]
    public async Task Start_WithAKernelThatIsNone_LeavesNothingAndEnds()
    {
        var path = Path.Combine(Directory, "kernel");
        await File.WriteAllTextAsync(path, "no kernel");
        await using var vm = MicroVm.Create(new MicroVmOptions { KernelPath = path, MemoryMib = 4 });

        var e = await Assert.ThrowsAsync<HypervisorException>(() => vm.StartAsync());

        StringAssert.Contains(e.Message, path);
        Assert.AreEqual(MicroVmExitReason.Failure, (await vm.Exited.WaitAsync(Limit)).Reason);
    }

    private static async Task RefusedAsync(Func<Task> call, string state)
    {
        var e = await Assert.ThrowsExactlyAsync<MicroVmException>(call);
        Assert.AreEqual(KataErrorKind.FailedPrecondition, e.Kind);
        StringAssert.Contains(e.Message, state);
    }

    private MicroVm Create(TinyKernel kernel, Stream? output = null, int vcpuCount = 1) => MicroVm.Create(new MicroVmOptions
    {
        KernelPath = kernel.Save(Directory),
        MemoryMib = 4,
        VcpuCount = vcpuCount,
        ConsoleOutput = output,
    });
}
