using Kata.Abstractions;
using Kata.Abstractions.Configuration;

namespace Kata.Hypervisors.External.Tests.Support;

/// <summary>A VM of a test, with its run directory and its log.</summary>
internal sealed class TestVm : IAsyncDisposable
{
    public const string Qemu = "/usr/bin/qemu-system-x86_64";

    private readonly TemporaryDirectory _directory;

    private TestVm(
        TemporaryDirectory directory, string kernelParameters, Func<HypervisorConfiguration, HypervisorConfiguration> change, string? networkNamespace)
    {
        _directory = directory;
        Configuration = change(new HypervisorConfiguration
        {
            Path = Qemu,
            Kernel = TestGuest.Kernel,
            Initrd = TestGuest.WriteInitrd(_directory, kernelParameters.Contains("test=disks", StringComparison.Ordinal)),
            KernelParameters = kernelParameters,
            MemoryMib = 256,
            MachineType = "q35",
        });
        var provider = new QemuProvider();
        provider.Validate(Configuration);
        RunDirectory = Directory.CreateDirectory(Path.Combine(_directory.Path, "run")).FullName;
        Context = new HypervisorContext
        {
            SandboxId = "test",
            Configuration = Configuration,
            RunDirectory = RunDirectory,
            NetworkNamespacePath = networkNamespace,
            Logger = Log,
        };
        Hypervisor = provider.Create(Context);
    }

    public HypervisorConfiguration Configuration { get; }

    public HypervisorContext Context { get; }

    public RecordingLogger Log { get; } = new();

    public string RunDirectory { get; }

    public string Scratch => _directory.Path;

    public IHypervisor Hypervisor { get; }

    /// <summary>Makes a VM that has not started.</summary>
    public static TestVm Create(
        string kernelParameters, Func<HypervisorConfiguration, HypervisorConfiguration>? change = null, string? networkNamespace = null)
    {
        if (!File.Exists(Qemu))
            Assert.Inconclusive("needs Debian's qemu-system-x86");
        var directory = new TemporaryDirectory();
        try
        {
            return new TestVm(directory, kernelParameters, change ?? (configuration => configuration), networkNamespace);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Makes a VM, starts it and waits until its script runs.</summary>
    public static async Task<TestVm> BootAsync(
        string kernelParameters, CancellationToken cancellationToken, Func<HypervisorConfiguration, HypervisorConfiguration>? change = null)
    {
        var vm = Create(kernelParameters, change);
        await vm.StartAsync(cancellationToken);
        await vm.Log.WaitForAsync("guest: up", cancellationToken);
        return vm;
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await Hypervisor.PrepareAsync(cancellationToken);
        await Hypervisor.StartAsync(cancellationToken);
    }

    /// <summary>Waits until the VM has ended by itself.</summary>
    public Task<VmExit> ExitAsync(CancellationToken cancellationToken) =>
        Hypervisor.Exited.WaitAsync(TimeSpan.FromSeconds(120), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Hypervisor.DisposeAsync();
        _directory.Dispose();
    }
}
