namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>KVM_CAP_* (linux/kvm.h), as far as this VMM asks for them.</summary>
internal enum KvmCapability
{
    Irqchip = 0,
    UserMemory = 3,
    SetTssAddress = 4,
    ExtendedCpuid = 7,
    RecommendedVcpus = 9,
    IrqFd = 32,
    IoEventFd = 36,
    MaxVcpus = 66,
    TscDeadlineTimer = 72,
    ImmediateExit = 136,
}
