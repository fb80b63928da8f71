namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>ioctl numbers of KVM on x86-64 (linux/kvm.h). Bits 16 to 29 are the size of the structure, if there is one.</summary>
internal static class KvmRequests
{
    public const nuint KVM_GET_API_VERSION = 0xAE00;
    public const nuint KVM_CREATE_VM = 0xAE01;
    public const nuint KVM_CHECK_EXTENSION = 0xAE03;
    public const nuint KVM_GET_VCPU_MMAP_SIZE = 0xAE04;
    public const nuint KVM_GET_SUPPORTED_CPUID = 0xC008AE05;

    public const nuint KVM_CREATE_VCPU = 0xAE41;
    public const nuint KVM_SET_USER_MEMORY_REGION = 0x4020AE46;
    public const nuint KVM_SET_TSS_ADDR = 0xAE47;
    public const nuint KVM_SET_IDENTITY_MAP_ADDR = 0x4008AE48;
    public const nuint KVM_CREATE_IRQCHIP = 0xAE60;
    public const nuint KVM_IRQFD = 0x4020AE76;
    public const nuint KVM_IOEVENTFD = 0x4040AE79;

    public const nuint KVM_RUN = 0xAE80;
    public const nuint KVM_SET_REGS = 0x4090AE82;
    public const nuint KVM_GET_SREGS = 0x8138AE83;
    public const nuint KVM_SET_SREGS = 0x4138AE84;
    public const nuint KVM_SET_MSRS = 0x4008AE89;
    public const nuint KVM_SET_SIGNAL_MASK = 0x4004AE8B;
    public const nuint KVM_SET_FPU = 0x41A0AE8D;
    public const nuint KVM_GET_LAPIC = 0x8400AE8E;
    public const nuint KVM_SET_LAPIC = 0x4400AE8F;
    public const nuint KVM_SET_CPUID2 = 0x4008AE90;
    public const nuint KVM_SET_TSC_KHZ = 0xAEA2;
    public const nuint KVM_KVMCLOCK_CTRL = 0xAEAD;
}
