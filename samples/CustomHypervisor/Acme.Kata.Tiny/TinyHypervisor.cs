using System.Runtime.InteropServices;
using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Linux;
using Kata.Virtio;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Acme.Kata.Tiny;

/// <summary>One VM: QEMU with fixed flags, the agent on a vsock device that Kata.Virtio serves in this process.</summary>
internal sealed class TinyHypervisor(HypervisorContext context) : IHypervisor
{
    private readonly TaskCompletionSource<VmExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string> _devices = [];
    private readonly ProcessTether _tether = new();
    private VhostUserVsock? _vsock;
    private SafeFileHandle? _vsockFar;
    private ChildProcess? _vmm;
    private bool _stopped;

    public Task<VmExit> Exited => _exited.Task;

    public GuestEndpoint GuestEndpoint => new HybridVsockGuestEndpoint(Path.Combine(context.RunDirectory, "vsock.sock"));

    public HypervisorState State => new()
    {
        Provider = "tiny",
        MainProcessId = _vmm?.Id ?? 0,
        Processes = _vmm is { } vmm ? [new ProcessIdentity(vmm.Id, vmm.StartTime)] : [],
    };

    private string ConsolePath => Path.Combine(context.RunDirectory, "console.log");

    // 1. Host resources. The run directory is there and private; the shim removes it in the end.
    public ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        (var near, _vsockFar) = UnixSocket.Pair();
        _vsock = VhostUserVsock.Start(new VhostUserVsockOptions
        {
            VhostUserConnection = near,
            HybridSocketPath = ((HybridVsockGuestEndpoint)GuestEndpoint).SocketPath,
            GuestCid = 3,
            Logger = context.Logger,
        });
        return ValueTask.CompletedTask;
    }

    // 2. Devices, before the start. What this cannot do is refused, never ignored.
    public ValueTask<AttachedDevice> AddDeviceAsync(Device device, CancellationToken cancellationToken)
    {
        if (device is not SharedFileSystemDevice { SocketPath: { } socket } shared || _vmm is not null)
            throw new NotSupportedByHypervisorException("tiny", $"adding {device.GetType().Name} {device.Id} {(_vmm is null ? "at boot" : "later")}");
        _devices.AddRange(["-chardev", $"socket,id={shared.Id},path={socket}", "-device", $"vhost-user-fs-pci,chardev={shared.Id},tag={shared.Tag}"]);
        return ValueTask.FromResult(new AttachedDevice(device, new NoAddress()));
    }

    // 3. Boot. Returns when the guest runs; the shim then waits for the agent at GuestEndpoint.
    public ValueTask StartAsync(CancellationToken cancellationToken)
    {
        var configuration = context.Configuration;
        // A key of our own: [hypervisor.tiny] accelerator = "kvm".
        var accelerator = configuration.OtherKeys.GetValueOrDefault("accelerator", "tcg");
        var options = new ChildProcessOptions
        {
            Path = configuration.Path,
            Arguments =
            [
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-machine", $"q35,accel={accelerator},memory-backend=ram", "-cpu", "max", "-smp", $"{configuration.Vcpus}",
                "-m", $"{configuration.MemoryMib}M", "-object", $"memory-backend-memfd,id=ram,share=on,size={configuration.MemoryMib}M",
                "-kernel", configuration.Kernel, "-initrd", configuration.Initrd,
                "-append", $"reboot=k panic=1 quiet console=ttyS0 {configuration.KernelParameters}",
                "-serial", $"file:{ConsolePath}", "-device", "virtio-rng-pci",
                "-chardev", "socket,id=vsock,fd=3", "-device", "vhost-user-vsock-pci,chardev=vsock", .. _devices,
            ],
            Descriptors = new Dictionary<int, SafeHandle> { [3] = _vsockFar!, [4] = _tether.FarEnd },
        };
        try
        {
            _vmm = context.NetworkNamespacePath is { } networkNamespace
                ? Namespaces.RunIn(networkNamespace, NamespaceKinds.Network, () => ChildProcess.Start(options))
                : ChildProcess.Start(options);
            _tether.Attach(_vmm);
        }
        catch (LinuxException exception)
        {
            throw new HypervisorException($"{configuration.Path} cannot be started: {exception.Message}", exception);
        }

        _vsockFar!.Dispose();
        _ = WatchAsync(_vmm);
        return ValueTask.CompletedTask;
    }

    // 4. Stop: at any moment, more than once.
    public async ValueTask StopAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        _stopped = true;
        if (_vmm is null)
            return;
        _vmm.Kill(Signal.SIGKILL);
        await Exited.WaitAsync(cancellationToken);
    }

    public ValueTask RemoveDeviceAsync(string deviceId, CancellationToken cancellationToken) =>
        throw new NotSupportedByHypervisorException("tiny", "removing devices");

    // 5. Remove every trace.
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero, CancellationToken.None);
        _exited.TrySetResult(new VmExit(VmExitReason.Stopped, 0));
        _tether.Dispose();
        _vmm?.Dispose();
        _vsockFar?.Dispose();
        if (_vsock is not null)
            await _vsock.DisposeAsync();
        File.Delete(ConsolePath);
    }

    // Whatever ends the VM, the shim hears of it here, with the last that the guest said.
    private async Task WatchAsync(ChildProcess vmm)
    {
        var status = await vmm.Exited;
        var reason = _stopped ? VmExitReason.Stopped : status.ShellCode == 0 ? VmExitReason.GuestShutdown : VmExitReason.VmmFailure;
        context.Logger.LogInformation("The tiny VM has ended: {Reason}, {Status}", reason, status);
        var console = File.Exists(ConsolePath) ? string.Join('\n', File.ReadLines(ConsolePath).TakeLast(10)) : "";
        _exited.TrySetResult(new VmExit(reason, _stopped ? 0 : status.ShellCode, console));
    }
}
