using Kata.Virtio;
using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Machines;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests;

/// <summary>Kata's own guest on Debian's kernels: its agent, reached through the vsock device, and the machine's life around it.</summary>
[TestClass]
[DoNotParallelize]
public sealed class KataGuestTests : KvmTest
{
    private const uint AgentPort = 1024;
    private const int Pauses = 20;
    private static readonly TimeSpan s_bootLimit = TimeSpan.FromMinutes(3);

    [TestMethod]
    [DataRow("guest", 1, 256)]
    [DataRow("guest-trixie", 4, 4096)]
    public async Task Agent_OfAGuestThatIsPausedAndResumed_KeepsAnswering(string guest, int vcpuCount, int memoryMib)
    {
        if (!HostCheck.HasHardwareVirtualization())
            Assert.Inconclusive("needs /dev/kvm on a CPU with svm or vmx: run it with tests/lab/lab.sh");
        await using var vm = MicroVm.Create(new MicroVmOptions
        {
            KernelPath = DebianKernel.BzImage(guest),
            InitrdPath = DebianKernel.Initrd(guest),
            CommandLine = KernelCommandLine.ForStockKernel(quiet: true, ""),
            VcpuCount = vcpuCount,
            MemoryMib = memoryMib,
            Vsock = new VirtioVsockOptions { HybridSocketPath = Path.Combine(Directory, "vsock"), GuestCid = 3 },
        });
        using var limit = new CancellationTokenSource(s_bootLimit);
        await vm.StartAsync(limit.Token);
        await using var before = await ConnectAsync(vm, limit.Token);
        for (var i = 0; i < Pauses; i++)
        {
            await vm.PauseAsync(limit.Token);
            await vm.ResumeAsync(limit.Token);
        }

        await vm.PauseAsync(limit.Token);
        await Task.Delay(TimeSpan.FromSeconds(1), limit.Token);
        await vm.ResumeAsync(limit.Token);
        await using var after = await ConnectAsync(vm, limit.Token);
        TestContext.WriteLine($"{vm.Timeline} {string.Join(' ', vm.VcpuExits)}");

        var begin = TimeProvider.System.GetTimestamp();
        await vm.StopAsync(TimeSpan.FromSeconds(1), limit.Token);
        Assert.IsLessThan(TimeSpan.FromSeconds(1), TimeProvider.System.GetElapsedTime(begin));
    }

    /// <summary>The agent listens some time after the driver of its socket is there.</summary>
    private static async Task<Stream> ConnectAsync(MicroVm vm, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await vm.ConnectVsockAsync(AgentPort, cancellationToken);
            }
            catch (MicroVmException) when (vm.State == MicroVmState.Running)
            {
                await Task.Delay(100, cancellationToken);
            }
        }
    }
}
