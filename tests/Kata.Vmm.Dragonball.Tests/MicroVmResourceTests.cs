using Kata.Linux;
using Kata.Virtio;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests;

/// <summary>What microVMs take of the host, of each other, and give back. Counts what the whole process has, so nothing runs beside it.</summary>
[TestClass]
[DoNotParallelize]
public sealed class MicroVmResourceTests : KvmTest
{
    [TestMethod]
    public async Task StartAndStop_ManyTimes_LeavesNothing()
    {
        var kernel = new TinyKernel().Print("x").Spin().Save(Directory);
        var broken = Path.Combine(Directory, "broken");
        await File.WriteAllTextAsync(broken, "no kernel");
        for (var i = 0; i < 3; i++)
            await LiveAsync(kernel, broken, i);
        var before = HostResources.Count();

        for (var i = 0; i < 20; i++)
            await LiveAsync(kernel, broken, i);

        Assert.AreEqual(before, HostResources.Count());
    }

    [TestMethod]
    public async Task SeveralMachines_InOneProcess_DoNotDisturbEachOther()
    {
        var machines = new List<(MicroVm Vm, string Name)>();
        foreach (var name in new[] { "alpha", "beta", "gamma" })
        {
            var vm = MicroVm.Create(new MicroVmOptions { KernelPath = new TinyKernel().Print(name).PowerOff().Save(Directory), MemoryMib = 4 });
            machines.Add((vm, name));
        }

        await using var spinning = MicroVm.Create(new MicroVmOptions { KernelPath = new TinyKernel().Spin().Save(Directory), MemoryMib = 4 });
        await spinning.StartAsync();
        await Task.WhenAll(machines.Select(machine => machine.Vm.StartAsync()));
        foreach (var (vm, name) in machines)
        {
            var exit = await vm.Exited.WaitAsync(Limit);
            Assert.AreEqual(MicroVmExitReason.GuestShutdown, exit.Reason);
            Assert.AreEqual(name, exit.ConsoleTail);
            await vm.DisposeAsync();
        }

        Assert.AreEqual(MicroVmState.Running, spinning.State);
    }

    [TestMethod]
    public async Task Threads_OfAMachine_LiveInItsNetworkNamespace()
    {
        if (CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive("needs root");
        using var leave = new ManualResetEventSlim();
        var entered = new TaskCompletionSource<string>();
        var other = Task.Run(() => Namespaces.RunInNew(NamespaceKinds.Network, () =>
        {
            entered.SetResult($"/proc/self/task/{ThreadSignals.CurrentThreadId}/ns/net");
            leave.Wait();
            return true;
        }));
        var path = await entered.Task;
        var known = HostResources.ThreadIds();
        await using (var vm = MicroVm.Create(new MicroVmOptions
        {
            KernelPath = new TinyKernel().Spin().Save(Directory),
            MemoryMib = 4,
            ConsoleOutput = Stream.Null,
            NetworkNamespacePath = path,
        }))
        {
            await vm.StartAsync();
            var own = HostResources.ThreadIds().Except(known)
                .Where(thread => HostResources.NameOf(thread) is "vmm" or "console" or "vcpu0" or "virtio-rng").ToList();
            Assert.HasCount(4, own);
            foreach (var thread in own)
            {
                var link = HostResources.LinkOf($"/proc/self/task/{thread}/ns/net");
                Assert.AreEqual(HostResources.LinkOf(path), link, HostResources.NameOf(thread));
            }

            Assert.AreNotEqual(HostResources.LinkOf(path), HostResources.LinkOf("/proc/self/ns/net"));
        }

        leave.Set();
        await other;
    }

    private async Task LiveAsync(string kernel, string broken, int round)
    {
        var options = new MicroVmOptions
        {
            KernelPath = kernel,
            MemoryMib = 4,
            VcpuCount = 2,
            MemoryBacking = MicroVmMemoryBacking.Shared,
            ConsoleOutput = Stream.Null,
            HasConsoleDevice = true,
            Vsock = new VirtioVsockOptions { HybridSocketPath = Path.Combine(Directory, $"vsock{round}"), GuestCid = 3 },
        };
        await using var vm = MicroVm.Create(options);
        await vm.StartAsync();
        if (round % 2 == 0)
            await vm.PauseAsync();
        await vm.StopAsync(TimeSpan.FromSeconds(1));

        await using var failing = MicroVm.Create(options with { KernelPath = broken, Disks = [new() { Path = kernel, ReadOnly = true }] });
        await Assert.ThrowsAsync<Exception>(() => failing.StartAsync());
    }
}
