namespace Kata.Vmm.Dragonball.Boot.Images;

/// <summary>How a kernel expects the processor and its parameters.</summary>
internal enum BootProtocol
{
    /// <summary>Linux's 64-bit protocol: long mode, identity-mapped, RSI holds the address of the zero page.</summary>
    Linux64,

    /// <summary>Xen's PVH: protected mode without paging, EBX holds the address of hvm_start_info.</summary>
    Pvh,
}
