using System.Globalization;
using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Machines;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>A Debian kernel with the drivers of all devices, and a shell to reach it.</summary>
internal sealed class DeviceGuest : IAsyncDisposable
{
    /// <summary>How long a boot or a script may take. The lab is slow, and its clock is fast.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3)
        * int.Parse(Environment.GetEnvironmentVariable("KATA_E2E_TIME_FACTOR") ?? "1", CultureInfo.InvariantCulture);

    private static readonly string[] s_drivers =
    [
        "virtio_mmio", "virtio-rng", "virtio_console", "virtio_blk", "virtio_net", "vmw_vsock_virtio_transport", "virtiofs", "ext4",
    ];

    private readonly GuestShell _shell;

    private DeviceGuest(MicroVm vm, GuestShell shell) => (Vm, _shell) = (vm, shell);

    public MicroVm Vm { get; }

    /// <summary>Everything the guest said so far.</summary>
    public string Transcript => _shell.Transcript;

    /// <summary>Boots it, unless this host cannot.</summary>
    /// <param name="suite">The Debian suite whose kernel it runs.</param>
    /// <param name="directory">For the initrd.</param>
    /// <param name="configure">Adds devices. The guest has 2 processors, 512 MiB and a virtio console otherwise, on which the shell is.</param>
    /// <param name="programs">Programs of this machine, and the names of those in C, for the guest's /bin.</param>
    public static async Task<DeviceGuest> StartAsync(
        string suite, string directory, Func<MicroVmOptions, MicroVmOptions> configure, params string[] programs)
    {
        // What takes long is kept, so that a run outside of the lab prepares the one inside.
        var kernel = KernelPackage.Of(suite);
        var own = programs.Where(name => !name.StartsWith('/')).ToDictionary(name => name, GuestProgram.Compile);
        if (!HostCheck.HasHardwareVirtualization())
            Assert.Inconclusive("needs /dev/kvm on a CPU with svm or vmx: run it with tests/lab/lab.sh");
        var modules = kernel.Resolve(s_drivers);
        MicroVm? vm = null;
        var shell = new GuestShell(text => vm!.WriteConsoleAsync(text));
        var options = configure(new MicroVmOptions
        {
            KernelPath = kernel.Kernel,
            CommandLine = KernelCommandLine.ForStockKernel(quiet: true, ""),
            VcpuCount = 2,
            MemoryMib = 512,
            HasConsoleDevice = true,
            ConsoleOutput = shell,
        });
        var console = options.HasConsoleDevice ? "hvc0" : "ttyS0";
        var script = $"""
            export PATH=/bin:/usr/bin:/usr/sbin
            mount -t devtmpfs dev /dev
            mount -t tmpfs tmp /tmp
            for module in {string.Join(' ', modules.Select(Path.GetFileName))}; do insmod /modules/$module; done
            exec < /dev/{console} > /dev/{console} 2>&1
            {GuestShell.Loop}
            """;
        var initrd = BusyboxInitrd.Write(directory, script, archive =>
        {
            foreach (var module in modules)
                archive.AddFile($"modules/{Path.GetFileName(module)}", File.ReadAllBytes(module));
            foreach (var program in programs.Where(name => name.StartsWith('/')))
                archive.AddProgram(program);
            foreach (var (name, path) in own)
                archive.AddFile($"bin/{name}", File.ReadAllBytes(path));
        });
        vm = MicroVm.Create(options with { InitrdPath = initrd });
        try
        {
            await vm.StartAsync();
            await await Task.WhenAny(shell.WaitUntilReadyAsync(s_limit), EndedAsync(vm));
            return new DeviceGuest(vm, shell);
        }
        catch
        {
            await vm.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a script in the guest, which must succeed. Returns what it said.</summary>
    public async Task<string> RunAsync(string script)
    {
        var (status, output) = await TryRunAsync(script);
        Assert.AreEqual(0, status, $"{script}\n{output}");
        return output;
    }

    /// <summary>Runs a script in the guest. Returns its exit code and what it said.</summary>
    public async Task<(int Status, string Output)> TryRunAsync(string script)
    {
        var run = _shell.RunAsync(script, s_limit);
        await await Task.WhenAny(run, EndedAsync(Vm));
        return await run;
    }

    public ValueTask DisposeAsync() => Vm.DisposeAsync();

    private static async Task EndedAsync(MicroVm vm)
    {
        var exit = await vm.Exited;
        Assert.Fail($"The guest ended, {exit.Reason}: {exit.Detail}\n{exit.ConsoleTail}");
    }
}
