using Kata.Vmm.Dragonball.Boot.X64;
using Kata.Vmm.Dragonball.Buses;
using Kata.Vmm.Dragonball.Kvm;
using Kata.Vmm.Dragonball.Machines;
using Kata.Vmm.Dragonball.Memory;
using Kata.Vmm.Dragonball.Vcpus;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>
/// A vCPU in real mode that runs a few instructions at 0x1000: the smallest thing that shows how KVM and this package work together. Ports
/// from 0x80 on and memory from 0xD0000 on are recorded.
/// </summary>
internal sealed class RealModeGuest : IAsyncDisposable
{
    public const ulong Window = 0xD_0000;

    /// <summary>Where the probe is, if there is one: sixteen ports, and a page of memory.</summary>
    public const ushort ProbePort = 0xE0;
    public const ulong ProbeWindow = 0xD_1000;

    private const ushort Code = 0x1000;
    private const ulong MemoryBytes = 0x1_0000;

    private readonly GuestRam _ram = GuestRam.Allocate(2 << 20, MicroVmMemoryBacking.Anonymous, prefault: false);
    private readonly VcpuThread _thread;

    public RealModeGuest(params byte[] code)
        : this(null, code)
    {
    }

    public RealModeGuest(IBusDevice? probe, params byte[] code)
    {
        using var kvm = KvmSystem.Open();
        Vm = kvm.CreateVm();
        Vm.SetIdentityMapAddress(MachineLayout.IdentityMapPage);
        Vm.SetTssAddress(MachineLayout.TssPages);
        Vm.SetMemory(0, 0, MemoryBytes, _ram.Memory.Regions[0].HostAddress);
        Vm.CreateIrqchip();
        Assert.IsTrue(_ram.Memory.TryWrite(Code, code));
        var vcpu = Vm.CreateVcpu(0);
        vcpu.SetCpuid(kvm.GetSupportedCpuid());
        var lapic = vcpu.GetLapic();
        VcpuState.SetLocalApic(ref lapic);
        vcpu.SetLapic(lapic);
        var sregs = vcpu.GetSregs();
        sregs.Cs.Base = 0;
        sregs.Cs.Selector = 0;
        vcpu.SetSregs(sregs);
        vcpu.SetRegs(new KvmRegs { Rip = Code, Rsp = 0x8000, Rflags = 2 });
        List<BusRange> ports = [new(0x80, 0x10, Ports)];
        List<BusRange> memory = [new(Window, 0x1000, Memory)];
        if (probe is not null)
        {
            ports.Add(new BusRange(ProbePort, 0x10, probe));
            memory.Add(new BusRange(ProbeWindow, 0x1000, probe));
        }

        var handler = new VcpuExitHandler(new Bus(ports), new Bus(memory), End);
        _thread = new VcpuThread(0, vcpu, handler, End);
    }

    public KvmVm Vm { get; }

    public RecordingDevice Ports { get; } = new();

    public RecordingDevice Memory { get; } = new();

    public GuestEnd End { get; } = new();

    public VcpuThread Thread => _thread;

    /// <summary>Puts bytes, such as interrupt vectors, where the guest finds them.</summary>
    public void Poke(ulong address, params byte[] data) => Assert.IsTrue(_ram.Memory.TryWrite(address, data));

    public async Task RunAsync()
    {
        await _thread.StartAsync();
        _thread.Resume();
    }

    public async ValueTask DisposeAsync()
    {
        await _thread.ExitAsync();
        _thread.Dispose();
        Vm.Dispose();
        _ram.Dispose();
    }
}
