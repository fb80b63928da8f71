using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Machines;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests;

/// <summary>Unchanged Debian kernels: what they make of the machine, and how it ends.</summary>
[TestClass]
public sealed class DebianGuestTests : KvmTest
{
    private const string Script = """
        echo "processors: $(grep -c ^processor /proc/cpuinfo)"
        echo "cores: $(grep -m 1 'cpu cores' /proc/cpuinfo | tr -d '\t')"
        echo "clock: $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
        echo "devices: $(ls /sys/bus/acpi/devices | tr '\n' ' ')"
        echo "serial: $(grep -c 'ttyS0' /proc/interrupts)"
        echo "seeded: $(dmesg | grep -c 'crng init done')"
        echo "complaints: $(dmesg | grep -ciE 'ACPI (BIOS )?(error|warning)|firmware bug|WARNING: CPU|topo.*mismatch')"
        case "$ending" in
            poweroff) poweroff -f ;;
            reboot) reboot -f ;;
            panic) sleep 0.5; echo c > /proc/sysrq-trigger ;; # By then the console is idle.
        esac
        """;

    private static readonly TimeSpan s_bootLimit = TimeSpan.FromMinutes(3);

    [TestMethod]
    public async Task Debian12_BzImage_PowersOff()
    {
        var exit = await RunAsync(DebianKernel.BzImage("guest"), 1, "ending=poweroff");

        Assert.AreEqual(MicroVmExitReason.GuestShutdown, exit.Reason, exit.ConsoleTail);
    }

    [TestMethod]
    public async Task Debian13_BzImage_RebootsThroughTheResetVector()
    {
        var exit = await RunAsync(DebianKernel.BzImage("guest-trixie"), 3, "ending=reboot reboot=efi");

        Assert.AreEqual(MicroVmExitReason.GuestReset, exit.Reason, exit.ConsoleTail);
    }

    [TestMethod]
    public async Task Debian13_Elf_PanicIsReported()
    {
        var exit = await RunAsync(DebianKernel.Elf(Directory), 2, "ending=panic");

        Assert.AreEqual(MicroVmExitReason.GuestPanic, exit.Reason, exit.ConsoleTail);
        StringAssert.Contains(exit.Detail, "sysrq triggered crash");
    }

    private async Task<MicroVmExit> RunAsync(string kernel, int vcpuCount, string parameters)
    {
        if (!HostCheck.HasHardwareVirtualization())
            Assert.Inconclusive("needs /dev/kvm on a CPU with svm or vmx: run it with tests/lab/lab.sh");
        using var output = new MemoryStream();
        await using var vm = MicroVm.Create(new MicroVmOptions
        {
            KernelPath = kernel,
            InitrdPath = BusyboxInitrd.Write(Directory, Script),
            CommandLine = KernelCommandLine.ForStockKernel(quiet: true, parameters),
            VcpuCount = vcpuCount,
            MemoryMib = 256,
            ConsoleOutput = output,
        });
        await vm.StartAsync();

        var exit = await vm.Exited.WaitAsync(s_bootLimit);

        var said = System.Text.Encoding.UTF8.GetString(output.ToArray());
        TestContext.WriteLine(said);
        foreach (var expected in new[]
        {
            $"processors: {vcpuCount}\r\n", $"cores: cpu cores: {vcpuCount}\r\n", "clock: kvm-clock\r\n", "LNRO0005:00", "PNP0501:00",
            "serial: 1\r\n", "seeded: 1\r\n", "complaints: 0\r\n",
        })
        {
            StringAssert.Contains(said, expected);
        }

        return exit;
    }
}
