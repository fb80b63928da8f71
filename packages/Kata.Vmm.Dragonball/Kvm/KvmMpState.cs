namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>struct kvm_mp_state: where a vCPU is between reset and running.</summary>
internal enum KvmMpState : uint
{
    Runnable = 0,
    Uninitialized = 1,
    InitReceived = 2,
    Halted = 3,
    SipiReceived = 4,
}
