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
        var before = Count();

        for (var i = 0; i < 20; i++)
            await LiveAsync(kernel, broken, i);

        Assert.AreEqual(before, Count());
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
        var known = Threads();
        await using (var vm = MicroVm.Create(new MicroVmOptions
        {
            KernelPath = new TinyKernel().Spin().Save(Directory),
            MemoryMib = 4,
            ConsoleOutput = Stream.Null,
            NetworkNamespacePath = path,
        }))
        {
            await vm.StartAsync();
            var own = Threads().Except(known).Where(thread => Name(thread) is "vmm" or "console" or "vcpu0" or "virtio-rng").ToList();
            Assert.HasCount(4, own);
            foreach (var thread in own)
                Assert.AreEqual(Link(path), Link($"/proc/self/task/{thread}/ns/net"), Name(thread));
            Assert.AreNotEqual(Link(path), Link("/proc/self/ns/net"));
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

    private static (int Machines, int Descriptors, int Threads, int Mappings) Count()
    {
        var links = System.IO.Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(Link).ToList();
        var mappings = File.ReadLines("/proc/self/maps").Count(line => line.Contains("kvm", StringComparison.Ordinal) || line.Contains("memfd:guest", StringComparison.Ordinal));
        string[] ours = ["vmm", "console", "vcpu0", "vcpu1", "virtio-rng", "virtio-vsock", "virtio-console"];
        return (
            links.Count(link => link.Contains("kvm", StringComparison.Ordinal)),
            links.Count(link => link.Contains("anon_inode", StringComparison.Ordinal) || link.Contains("socket", StringComparison.Ordinal)),
            Threads().Count(thread => ours.Contains(Name(thread))),
            mappings);
    }

    private static List<string> Threads() => [.. System.IO.Directory.EnumerateDirectories("/proc/self/task").Select(path => Path.GetFileName(path))];

    private static string Name(string thread)
    {
        try
        {
            return File.ReadAllText($"/proc/self/task/{thread}/comm").TrimEnd('\n');
        }
        catch (IOException)
        {
            return ""; // It has just ended.
        }
    }

    private static string Link(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
