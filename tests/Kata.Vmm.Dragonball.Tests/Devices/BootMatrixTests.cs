using System.Diagnostics;
using System.Globalization;
using Kata.Virtio;
using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Machines;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests.Devices;

/// <summary>Many boots: of each kernel in machines of many shapes, and of one again and again.</summary>
[TestClass]
public sealed class BootMatrixTests : KvmTest
{
    private static readonly TimeSpan s_bootLimit = TimeSpan.FromMinutes(10);

    private static bool IsFull => Environment.GetEnvironmentVariable("KATA_TEST_FULL") == "1";

    [TestMethod]
    public async Task Kernels_InMachinesOfAllShapes_Boot()
    {
        if (!IsFull)
            Assert.Inconclusive("needs KATA_TEST_FULL=1, and a lab with LAB_MEMORY=6000: it takes minutes");
        string[] suites = ["bookworm", "trixie", "sid"];
        var kernels = suites.Select(KernelPackage.Of).ToList();
        for (var i = 0; i < suites.Length; i++)
        {
            foreach (var (vcpus, memory) in new[] { (1, 128), (4, 128), (1, 4096), (4, 4096) })
                await BootAsync(suites[i], kernels[i], vcpus, memory);
        }
    }

    /// <summary>KATA_TEST_BOOTS says how often.</summary>
    [TestMethod]
    public async Task Kernel_BootedManyTimes_NeverHangs()
    {
        var count = int.Parse(Environment.GetEnvironmentVariable("KATA_TEST_BOOTS") ?? "2", CultureInfo.InvariantCulture);
        for (var i = 0; i < count; i++)
        {
            var suite = i % 2 == 0 ? "bookworm" : "trixie";
            await BootAsync(suite, KernelPackage.Of(suite), 1 + (i % 4), 256);
        }
    }

    private async Task BootAsync(string suite, KernelPackage kernel, int vcpus, int memory)
    {
        if (!HostCheck.HasHardwareVirtualization())
            Assert.Inconclusive("needs /dev/kvm on a CPU with svm or vmx: run it with tests/lab/lab.sh");
        var modules = kernel.Resolve(["virtio_mmio", "virtio-rng", "vmw_vsock_virtio_transport"]);
        var script = $"""
            for module in {string.Join(' ', modules.Select(Path.GetFileName))}; do insmod /modules/$module; done
            complaints=$(dmesg | grep -ciE 'call trace|WARNING:|BUG:|firmware bug|ACPI (BIOS )?error')
            echo "processors: $(nproc), drivers: $(ls -d /sys/bus/virtio/drivers/*/virtio* | wc -l), complaints: $complaints, memory: $(($(grep MemTotal /proc/meminfo | tr -dc 0-9) / 1024))"
            [ $complaints = 0 ] || dmesg
            poweroff -f
            """;
        var initrd = BusyboxInitrd.Write(Directory, script, archive =>
        {
            foreach (var module in modules)
                archive.AddFile($"modules/{Path.GetFileName(module)}", File.ReadAllBytes(module));
        });
        await using var vm = MicroVm.Create(new MicroVmOptions
        {
            KernelPath = kernel.Kernel,
            InitrdPath = initrd,
            CommandLine = KernelCommandLine.ForStockKernel(quiet: true, ""),
            VcpuCount = vcpus,
            MemoryMib = memory,
            Vsock = new VirtioVsockOptions { HybridSocketPath = Path.Combine(Directory, $"vsock-{Guid.NewGuid():N}"), GuestCid = 3 },
        });
        var begin = Stopwatch.GetTimestamp();
        await vm.StartAsync();
        var exit = await vm.Exited.WaitAsync(s_bootLimit);
        var said = exit.ConsoleTail.Split('\n').FirstOrDefault(line => line.StartsWith("processors:", StringComparison.Ordinal), exit.ConsoleTail).TrimEnd();
        TestContext.WriteLine($"{suite}, {vcpus} x {memory} MiB: {exit.Reason}, {Stopwatch.GetElapsedTime(begin).TotalSeconds:F1} s: {said}");
        Assert.AreEqual(MicroVmExitReason.GuestShutdown, exit.Reason, exit.ConsoleTail);
        StringAssert.StartsWith(said, $"processors: {vcpus}, drivers: 2, complaints: 0, memory: ");
    }
}
