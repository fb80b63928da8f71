using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>
/// The part of struct kvm_run that is used: shared with the kernel, which writes it while a vCPU is in KVM_RUN.
/// The members from offset 32 on overlap; <see cref="ExitReason"/> says which are valid.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 2352)]
internal unsafe struct KvmRun
{
    [FieldOffset(1)] public byte ImmediateExit;
    [FieldOffset(8)] public KvmExitReason ExitReason;

    /// <summary>1 when the guest writes to the port.</summary>
    [FieldOffset(32)] public byte IoDirection;
    [FieldOffset(33)] public byte IoSize;
    [FieldOffset(34)] public ushort IoPort;
    [FieldOffset(36)] public uint IoCount;

    /// <summary>Where the data is, from the beginning of this structure.</summary>
    [FieldOffset(40)] public ulong IoDataOffset;

    [FieldOffset(32)] public ulong MmioAddress;
    [FieldOffset(40)] public fixed byte MmioData[8];
    [FieldOffset(48)] public uint MmioLength;
    [FieldOffset(52)] public byte MmioIsWrite;

    [FieldOffset(32)] public uint SystemEventType;
    [FieldOffset(32)] public uint InternalErrorSuberror;
    [FieldOffset(32)] public ulong FailEntryReason;
}
