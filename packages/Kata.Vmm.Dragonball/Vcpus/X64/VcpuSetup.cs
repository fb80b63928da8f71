using Kata.Vmm.Dragonball.Boot.Images;
using Kata.Vmm.Dragonball.Boot.X64;
using Kata.Vmm.Dragonball.Kvm;

namespace Kata.Vmm.Dragonball.Vcpus.X64;

/// <summary>Puts a vCPU into the state in which a kernel expects its processor.</summary>
internal static class VcpuSetup
{
    /// <summary>Sets all registers. Only the first vCPU gets a kernel to run: the others wait for its start-up message.</summary>
    public static void Apply(KvmVcpu vcpu, int id, ReadOnlySpan<KvmCpuidEntry> cpuid, LoadedKernel kernel)
    {
        vcpu.SetCpuid(cpuid);
        // Where KVM refuses, its own assumption is all there is.
        _ = vcpu.UseHostTscRate();
        SetMsrs(vcpu, VcpuState.Msrs);
        vcpu.SetFpu(VcpuState.Fpu);
        var lapic = vcpu.GetLapic();
        VcpuState.SetLocalApic(ref lapic);
        vcpu.SetLapic(lapic);
        if (id != 0)
            return;
        vcpu.SetRegs(VcpuState.General(kernel));
        var sregs = vcpu.GetSregs();
        VcpuState.SetSystem(ref sregs, kernel);
        vcpu.SetSregs(sregs);
    }

    private static void SetMsrs(KvmVcpu vcpu, ReadOnlySpan<KvmMsrEntry> msrs)
    {
        var set = vcpu.SetMsrs(msrs);
        if (set < msrs.Length)
            throw new MicroVmException($"KVM does not let a guest have the model-specific register 0x{msrs[set].Index:x}.");
    }
}
