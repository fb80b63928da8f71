using Kata.Abstractions;
using Kata.Linux.Tests.Processes;

namespace Kata.Vmm.Dragonball.Tests;

/// <summary>Machines that never run, with or without KVM.</summary>
[TestClass]
[DoNotParallelize]
public sealed class MicroVmLimitTests
{
    private static readonly MicroVmOptions Options = new() { KernelPath = "/proc/self/exe" };

    [TestMethod]
    public async Task Start_WhereNoThreadIsLeft_FailsAndEnds()
    {
        await using var vm = MicroVm.Create(Options);

        var e = ThreadLimit.Run(() => vm.StartAsync().GetAwaiter().GetResult()) as MicroVmException;

        Assert.IsNotNull(e);
        Assert.AreEqual(KataErrorKind.ResourceExhausted, e.Kind);
        Assert.AreEqual(MicroVmExitReason.Failure, (await vm.Exited.WaitAsync(TimeSpan.FromSeconds(20))).Reason);
    }

    [TestMethod]
    public async Task Stop_OfOneThatNeverStarted_CanBeRepeated()
    {
        await using var vm = MicroVm.Create(Options);
        await vm.StopAsync(TimeSpan.Zero);
        await vm.StopAsync(TimeSpan.Zero);
        Assert.AreEqual(MicroVmExitReason.Stopped, (await vm.Exited).Reason);
    }
}
