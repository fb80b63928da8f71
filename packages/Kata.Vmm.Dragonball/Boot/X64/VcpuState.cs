using System.Runtime.InteropServices;
using Kata.Vmm.Dragonball.Boot.Images;
using Kata.Vmm.Dragonball.Kvm;

namespace Kata.Vmm.Dragonball.Boot.X64;

/// <summary>
/// What the registers of a vCPU hold at the start. General and system registers are for the first vCPU only: the others wait for the
/// kernel to start them.
/// </summary>
internal static class VcpuState
{
    private const ulong ReservedFlag = 2;
    private const ulong ProtectionAndExtension = 0x11; // PE, ET
    private const ulong PagingOn = 0x8005_0033; // PG, AM, WP, NE, ET, MP, PE
    private const ulong PhysicalAddressExtension = 0x20;
    private const ulong LongMode = 0x500; // LME, LMA
    private const int Lint0 = 0x350;
    private const int Lint1 = 0x360;
    private const uint DeliverExternal = 0x700;
    private const uint DeliverNmi = 0x400;

    /// <summary>What a kernel or a BIOS expects, by number; all that is not named is as after reset.</summary>
    public static ReadOnlySpan<KvmMsrEntry> Msrs => s_msrs;

    private static readonly KvmMsrEntry[] s_msrs =
    [
        Msr(0x174, 0), Msr(0x175, 0), Msr(0x176, 0), // SYSENTER_CS, ESP, EIP
        Msr(0xC000_0081, 0), Msr(0xC000_0082, 0), Msr(0xC000_0083, 0), Msr(0xC000_0084, 0), // STAR, LSTAR, CSTAR, SFMASK
        Msr(0xC000_0102, 0), // KERNEL_GS_BASE
        Msr(0x10, 0), // TSC
        Msr(0x1A0, 1), // MISC_ENABLE: fast strings
        Msr(0x2FF, 0xC06), // MTRRdefType: enabled with fixed ranges, write-back
    ];

    /// <summary>FCW and MXCSR as after FINIT and reset.</summary>
    public static KvmFpu Fpu => new() { Fcw = 0x37F, Mxcsr = 0x1F80 };

    /// <summary>The general registers of the first vCPU.</summary>
    public static KvmRegs General(LoadedKernel kernel) => kernel.Protocol == BootProtocol.Pvh
        ? new KvmRegs { Rip = kernel.EntryPoint, Rbx = BootLayout.PvhStartInfo, Rflags = ReservedFlag }
        : new KvmRegs
        {
            Rip = kernel.EntryPoint,
            Rsi = BootLayout.ZeroPage,
            Rsp = BootLayout.StackTop,
            Rbp = BootLayout.StackTop,
            Rflags = ReservedFlag,
        };

    /// <summary>Changes the system registers of the first vCPU from how they are after reset.</summary>
    public static void SetSystem(ref KvmSregs sregs, LoadedKernel kernel)
    {
        sregs.Cs = Segments.Code(kernel.Protocol);
        sregs.Ds = sregs.Es = sregs.Fs = sregs.Gs = sregs.Ss = Segments.Data();
        sregs.Tr = Segments.Task();
        sregs.Gdt = Segments.Register;
        sregs.Idt = default;
        var longMode = kernel.Protocol == BootProtocol.Linux64;
        sregs.Cr0 = longMode ? PagingOn : ProtectionAndExtension;
        sregs.Cr3 = longMode ? BootLayout.PageTables : 0;
        sregs.Cr4 = longMode ? PhysicalAddressExtension : 0;
        sregs.Efer = longMode ? LongMode : 0;
    }

    /// <summary>Wires a local APIC's inputs as a BIOS does: the legacy controller to LINT0, NMI to LINT1.</summary>
    public static unsafe void SetLocalApic(ref KvmLapicState lapic)
    {
        fixed (byte* registers = lapic.Registers)
        {
            var span = new Span<byte>(registers, 1024);
            MemoryMarshal.Write(span[Lint0..], DeliverExternal);
            MemoryMarshal.Write(span[Lint1..], DeliverNmi);
        }
    }

    private static KvmMsrEntry Msr(uint index, ulong data) => new() { Index = index, Data = data };
}
