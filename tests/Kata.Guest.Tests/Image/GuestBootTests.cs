using System.Runtime.InteropServices;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Tests.Image;

/// <summary>Boots the images that <c>prepare_guest</c> built in QEMU's software emulation, up to the agent being ready.</summary>
[TestClass]
[DoNotParallelize]
public sealed class GuestBootTests
{
    private const string Qemu = "/usr/bin/qemu-system-x86_64";
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(90);

    private static readonly Dictionary<string, string[]> _machines = new()
    {
        ["q35"] = ["-machine", "q35,accel=tcg", "-device", "virtio-rng-pci", "-device", "virtio-serial-pci"],
        ["microvm"] = ["-machine", "microvm,accel=tcg", "-device", "virtio-rng-device", "-device", "virtio-serial-device"],
    };

    public required TestContext TestContext { get; set; }

    [TestMethod]
    [DataRow("guest", "q35")]
    [DataRow("guest", "microvm")]
    [DataRow("guest-trixie", "q35")]
    [DataRow("guest-trixie", "microvm")]
    public async Task Boot_StockKernel_BringsTheAgentUp(string image, string machine)
    {
        string directory = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../..", image));
        if (!File.Exists(Path.Combine(directory, "initrd.img"))) Assert.Inconclusive($"needs artifacts/{image} (prepare_guest of samples/lib/prepare.sh)");
        if (!File.Exists(Qemu)) Assert.Inconclusive("needs qemu-system-x86");

        List<string> console = await BootAsync(directory, _machines[machine]);

        string log = string.Join('\n', console);
        TestContext.WriteLine(log);
        StringAssert.Contains(log, "listens on vsock://");
        StringAssert.Contains(log, "guest ready");
        Assert.IsFalse(log.Contains("\"level\":\"ERRO\"", StringComparison.Ordinal), log);
        Assert.IsFalse(log.Contains("\"level\":\"WARN\"", StringComparison.Ordinal), log);
    }

    /// <summary>
    /// The frequency of the time stamp counter, which software emulation takes from the host: a kernel on a busy host may fail to measure
    /// it, and a microvm has no other clock to go on with.
    /// </summary>
    private static string ClockParameter()
    {
        string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("cpu MHz", StringComparison.Ordinal));
        return line is null ? "" : $" tsc_early_khz={line[(line.IndexOf(':') + 1)..].Trim().Replace(".", "", StringComparison.Ordinal)}";
    }

    /// <summary>The lines of the serial console, up to the one that says that the guest is ready, or the end of the machine.</summary>
    private static async Task<List<string>> BootAsync(string directory, string[] machine)
    {
        (SafeFileHandle read, SafeFileHandle write) = FileDescriptors.Pipe();
        using var timeout = new CancellationTokenSource(_patience);
        using ChildProcess qemu = ChildProcess.Start(new ChildProcessOptions
        {
            Path = Qemu,
            Arguments =
            [
                .. machine, "-cpu", "max", "-m", "256", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
                "-kernel", Path.Combine(directory, "vmlinuz"), "-initrd", Path.Combine(directory, "initrd.img"),
                "-append", $"console=ttyS0 panic=-1 reboot=t cryptomgr.notests agent.log=debug{ClockParameter()}",
            ],
            Descriptors = new Dictionary<int, SafeHandle> { [1] = write, [2] = write },
        });
        write.Dispose();
        // The end of QEMU ends the console, and with it the loop below.
        await using CancellationTokenRegistration registration = timeout.Token.Register(() => qemu.Kill(Signal.SIGKILL));
        using var console = new StreamReader(new FileStream(read, FileAccess.Read));
        var lines = new List<string>();
        while (await console.ReadLineAsync(CancellationToken.None) is { } line)
        {
            lines.Add(line);
            if (line.Contains("guest ready", StringComparison.Ordinal)) break;
        }

        qemu.Kill(Signal.SIGKILL);
        await qemu.Exited;
        return lines;
    }
}
