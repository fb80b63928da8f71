using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Boot.Images;
using Kata.Vmm.Dragonball.Boot.X64;
using Kata.Vmm.Dragonball.Buses;
using Kata.Vmm.Dragonball.Kvm;
using Kata.Vmm.Dragonball.LegacyDevices;
using Kata.Vmm.Dragonball.Memory;
using Kata.Vmm.Dragonball.Vcpus;
using Kata.Vmm.Dragonball.Vcpus.X64;

namespace Kata.Vmm.Dragonball.Machines;

/// <summary>
/// The parts of one microVM while it exists. Made step by step: whatever step fails, disposal takes back what there is. Calls come one at a
/// time, those that block or start threads on the VMM's thread.
/// </summary>
internal sealed partial class Machine(MicroVmOptions options, BootClock clock) : IAsyncDisposable
{
    private static readonly TimeSpan s_serialRetry = TimeSpan.FromMilliseconds(10);

    private readonly List<VcpuThread> _vcpus = [];
    private readonly List<Task> _standingBy = [];
    private KvmVm? _vm;
    private GuestRam? _ram;
    private InterruptLine? _serialInterrupt;
    private SerialPort? _serial;

    /// <summary>Set by whoever ends the guest.</summary>
    public GuestEnd End { get; } = new();

    /// <summary>What the guest says.</summary>
    public GuestConsole Console { get; } = new(options.ConsoleOutput, () => clock.Reach(BootMilestone.FirstConsoleByte));

    /// <summary>The threads of the vCPUs, by number.</summary>
    public IReadOnlyList<VcpuThread> Vcpus => _vcpus;

    /// <summary>Makes everything, up to vCPU threads that stand by.</summary>
    public void Build()
    {
        using var kvm = HostCheck.Open(options);
        Console.Start();
        _vm = kvm.CreateVm();
        _vm.SetIdentityMapAddress(MachineLayout.IdentityMapPage);
        _vm.SetTssAddress(MachineLayout.TssPages);
        _ram = GuestRam.Allocate((ulong)options.MemoryMib << 20, options.MemoryBacking, options.PrefaultMemory);
        for (var i = 0; i < _ram.Memory.Regions.Count; i++)
        {
            var region = _ram.Memory.Regions[i];
            _vm.SetMemory((uint)i, region.Start, region.Length, region.HostAddress);
        }

        clock.Reach(BootMilestone.MemoryReady);
        _vm.CreateIrqchip();
        var exits = ConnectDevices(_vm, _ram.Memory);
        clock.Reach(BootMilestone.DevicesReady);
        var kernel = LoadKernel(_ram);
        clock.Reach(BootMilestone.KernelLoaded);
        AddVcpus(kvm, _vm, kernel, exits);
        foreach (var vcpu in _vcpus)
            _standingBy.Add(vcpu.StartAsync());
        MachineLog.Made(options.Logger, options.VcpuCount, options.MemoryMib, _slots.Count);
    }

    /// <summary>Completes when all vCPU threads stand by.</summary>
    public Task WaitUntilReadyAsync() => Task.WhenAny(Task.WhenAll(_standingBy), End.Task);

    /// <summary>Lets the vCPUs run, or go on.</summary>
    public void ResumeVcpus()
    {
        // First: a guest may be at its first words before this thread goes on.
        clock.Reach(BootMilestone.Running);
        foreach (var vcpu in _vcpus)
            vcpu.Resume();
    }

    /// <summary>Completes when no vCPU runs.</summary>
    public Task PauseVcpusAsync() => Task.WhenAll(_vcpus.Select(vcpu => vcpu.PauseAsync()));

    /// <summary>Types into the virtio console, or the serial port when there is none. Waits for the guest to read.</summary>
    /// <exception cref="ObjectDisposedException">The guest ended before.</exception>
    public async Task TypeAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken)
    {
        if (_consoleDevice is { } device)
        {
            await device.WriteAsync(input, cancellationToken).ConfigureAwait(false);
            return;
        }

        while ((input = input[_serial!.Type(input.Span)..]).Length > 0)
        {
            ObjectDisposedException.ThrowIf(End.IsSet, _serial);
            await Task.Delay(s_serialRetry, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends all vCPU threads; the guest does nothing any more when this completes.</summary>
    public Task StopVcpusAsync() => Task.WhenAll(_vcpus.Select(vcpu => vcpu.ExitAsync()));

    /// <summary>Takes everything back. The vCPUs have stopped, and the devices are disconnected.</summary>
    public async ValueTask DisposeAsync()
    {
        await DisposeDevicesAsync().ConfigureAwait(false);
        foreach (var vcpu in _vcpus)
            vcpu.Dispose();
        _serialInterrupt?.Dispose();
        _vm?.Dispose();
        // KVM maps it until the last of its descriptors is closed.
        _ram?.Dispose();
        await Console.DisposeAsync().ConfigureAwait(false);
    }

    private LoadedKernel LoadKernel(GuestRam ram)
    {
        using var kernel = ImageFile.Open(options.KernelPath, "kernel");
        using var initrd = options.InitrdPath is { } path ? ImageFile.Open(path, "initrd") : null;
        var description = new MachineDescription
        {
            VcpuCount = options.VcpuCount,
            VirtioWindows = [.. _slots.Select(slot => slot.Window)],
            Serial = SerialPortDescription.Com1,
            PowerPort = MachineLayout.PowerPort,
        };
        return GuestBoot.Prepare(ram.Memory, kernel, initrd, options.CommandLine, description);
    }

    private void AddVcpus(KvmSystem kvm, KvmVm vm, LoadedKernel kernel, VcpuExitHandler exits)
    {
        var cpuid = new CpuidFilter(kvm.GetSupportedCpuid(), options.VcpuCount, kvm.Check(KvmCapability.TscDeadlineTimer) > 0);
        for (var id = 0; id < options.VcpuCount; id++)
        {
            var vcpu = vm.CreateVcpu(id);
            _vcpus.Add(new VcpuThread(id, vcpu, exits, End));
            VcpuSetup.Apply(vcpu, id, cpuid.For(id), kernel);
        }
    }
}
