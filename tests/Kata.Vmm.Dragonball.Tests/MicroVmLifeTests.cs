using System.Net.Sockets;
using System.Text;
using Kata.Abstractions;
using Kata.Virtio;
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
    public async Task Stop_WhileADeviceHangs_TakesNoLongerThanItsGrace()
    {
        // The second writes the first device's configuration for ever, which waits for the device's thread.
        foreach (var kernel in new[] { new TinyKernel().Spin(), new TinyKernel().Raw(0xBB, 0x00, 0x01, 0x00, 0xD0, 0x88, 0x03, 0xEB, 0xFC) })
        {
            using var logger = new HangingLogger("BadHandshake");
            var path = Path.Combine(Directory, "vsock");
            await using (var vm = MicroVm.Create(new MicroVmOptions
            {
                KernelPath = kernel.Save(Directory),
                MemoryMib = 4,
                HasEntropyDevice = false,
                Vsock = new VirtioVsockOptions { HybridSocketPath = path, GuestCid = 3, Logger = logger },
            }))
            {
                await vm.StartAsync();
                using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await client.ConnectAsync(new UnixDomainSocketEndPoint(path));
                await client.SendAsync("nonsense\n"u8.ToArray());
                Assert.IsTrue(logger.Hangs.Wait(Limit));
                await Task.Delay(100);

                var begin = TimeProvider.System.GetTimestamp();
                var pausing = vm.PauseAsync();
                await vm.StopAsync(TimeSpan.FromSeconds(1));
                await pausing.WaitAsync(Limit);

                Assert.IsLessThan(TimeSpan.FromSeconds(10), TimeProvider.System.GetElapsedTime(begin));
                Assert.AreEqual(MicroVmExitReason.Stopped, (await vm.Exited).Reason);
                Assert.IsTrue(File.Exists(path), "The device was gone before its thread answered.");
            }

            logger.Release();
            for (var deadline = Environment.TickCount64 + (long)Limit.TotalMilliseconds; File.Exists(path);)
            {
                Assert.IsLessThan(deadline, Environment.TickCount64, "The device did not go when its thread answered.");
                await Task.Delay(1);
            }
        }
    }

    [TestMethod]
    public async Task Pause_OfAGuestThatIsBusy_HoldsItUntilResume()
    {
        await using var vm = Create(new TinyKernel().Out(0x80, 0).Repeat());
        await vm.StartAsync();
        await UntilItRuns(0);

        await vm.PauseAsync();
        await vm.PauseAsync();
        var exits = vm.VcpuExits[0].Io;
        await Task.Delay(50);
        Assert.AreEqual(exits, vm.VcpuExits[0].Io);

        await vm.ResumeAsync();
        await UntilItRuns(exits);
        Assert.AreEqual(MicroVmState.Running, vm.State);

        async Task UntilItRuns(long exits)
        {
            using var limit = new CancellationTokenSource(Limit);
            while (vm.VcpuExits[0].Io == exits)
                await Task.Delay(1, limit.Token);
        }
    }

    [TestMethod]
    public async Task SecondProcessor_StartedByTheFirst_Runs()
    {
        // The first writes "mov al, '2'; out dx to the serial port; then S5 to the power port; hlt" to 0x8000, and sends INIT and SIPI to APIC 1.
        byte[] second = [0xBA, 0xF8, 0x03, 0xB0, (byte)'2', 0xEE, 0xBA, 0x00, 0x06, 0xB0, 0x34, 0xEE, 0xF4];
        var kernel = new TinyKernel().Raw(0xBB, 0x00, 0x80, 0x00, 0x00); // mov ebx, 0x8000
        foreach (var value in second)
            kernel.Raw(0xC6, 0x03, value, 0xFF, 0xC3); // mov byte [rbx], value; inc ebx
        kernel.Raw(0xBB, 0x10, 0x03, 0xE0, 0xFE, 0xC7, 0x03, 0, 0, 0, 1) // interrupt command, high: to APIC 1
            .Raw(0xBB, 0x00, 0x03, 0xE0, 0xFE, 0xC7, 0x03, 0x00, 0x45, 0, 0) // low: INIT
            .Raw(0xC7, 0x03, 0x08, 0x46, 0, 0) // low: start-up at 0x8000
            .Spin();
        await using var vm = Create(kernel, vcpuCount: 2);

        await vm.StartAsync();
        var exit = await vm.Exited.WaitAsync(Limit);

        Assert.AreEqual(MicroVmExitReason.GuestShutdown, exit.Reason, exit.Detail);
        Assert.AreEqual("2", exit.ConsoleTail);
    }

    [TestMethod]
    public async Task Console_ThatIsTypedOn_ReachesTheGuest()
    {
        // in al from the line status until bit 0 is set; then echo the byte, and switch off.
        await using var vm = Create(new TinyKernel().In(0x3FD).Raw(0xA8, 1, 0x74, 0xF7).In(0x3F8).PrintAl().PowerOff());
        await RefusedAsync(() => vm.WriteConsoleAsync("k"u8.ToArray()), "created");
        await vm.StartAsync();
        await vm.WriteConsoleAsync("k"u8.ToArray());
        Assert.AreEqual("k", (await vm.Exited.WaitAsync(Limit)).ConsoleTail);
    }

    [TestMethod]
    public async Task Console_OfAGuestThatEndsUnread_SaysSo()
    {
        await using var vm = Create(new TinyKernel().Spin());
        await vm.StartAsync();
        var typing = vm.WriteConsoleAsync(new byte[5000]);
        await vm.StopAsync(TimeSpan.Zero);
        var e = await Assert.ThrowsExactlyAsync<MicroVmException>(() => typing.WaitAsync(Limit));
        Assert.AreEqual(KataErrorKind.Unavailable, e.Kind);
    }

    [TestMethod]
    public async Task Timeline_OfABoot_IsInOrder()
    {
        await using var vm = Create(new TinyKernel().Print("x").PowerOff());
        Assert.IsNull(vm.Timeline.MemoryReady);
        await vm.StartAsync();
        await vm.Exited.WaitAsync(Limit);
        var (memory, devices, kernel, running, console, ended) = vm.Timeline;
        TimeSpan?[] times = [memory, devices, kernel, running, console, ended];
        CollectionAssert.AreEqual(times.Order().ToArray(), times, vm.Timeline.ToString());
        Assert.DoesNotContain((TimeSpan?)null, times);
    }

    [TestMethod]
    public async Task Vsock_WithoutADeviceOrAGuest_SaysSo()
    {
        await using var vm = Create(new TinyKernel().Spin());
        var e = await Assert.ThrowsExactlyAsync<MicroVmException>(() => vm.ConnectVsockAsync(1024));
        StringAssert.Contains(e.Message, "Vsock");
    }

    [TestMethod]
    public async Task Start_Cancelled_EndsTheMachine()
    {
        await using var vm = Create(new TinyKernel().Spin());
        using var cancelled = new CancellationTokenSource();
        var turn = vm.StartAsync(cancelled.Token);
        await cancelled.CancelAsync();
        try
        {
            await turn;
            await vm.StopAsync(TimeSpan.Zero);
        }
        catch (OperationCanceledException)
        {
            // Either is right; what counts is that nothing is left in between.
        }

        Assert.AreEqual(MicroVmState.Ended, vm.State);
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
