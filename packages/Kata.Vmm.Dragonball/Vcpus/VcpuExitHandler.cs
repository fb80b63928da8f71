using System.Runtime.CompilerServices;
using Kata.Vmm.Dragonball.Buses;
using Kata.Vmm.Dragonball.Kvm;
using Kata.Vmm.Dragonball.Machines;

namespace Kata.Vmm.Dragonball.Vcpus;

/// <summary>Serves what a guest needs of this process. One for all vCPUs, on all their threads: it has no state of its own.</summary>
internal sealed unsafe class VcpuExitHandler(Bus ports, Bus memory, GuestEnd end)
{
    private const byte DirectionOut = 1;
    private const uint EventShutdown = 1;
    private const uint EventReset = 2;
    private const uint EventCrash = 3;

    /// <summary>Handles one exit; counts it when it is of the frequent kinds.</summary>
    public void Handle(KvmRun* run, ref VcpuExitCounters counters)
    {
        switch (run->ExitReason)
        {
            case KvmExitReason.Io:
                counters.Io++;
                HandleIo(run);
                break;
            case KvmExitReason.Mmio:
                counters.Mmio++;
                HandleMmio(run);
                break;
            case KvmExitReason.Interrupted:
                counters.Interrupted++;
                break;
            default:
                HandleEnd(run);
                break;
        }
    }

    private void HandleIo(KvmRun* run)
    {
        // A string instruction transfers several items at once.
        var data = (byte*)run + run->IoDataOffset;
        for (var i = 0U; i < run->IoCount; i++, data += run->IoSize)
        {
            if (run->IoDirection == DirectionOut)
                ports.Write(run->IoPort, new ReadOnlySpan<byte>(data, run->IoSize));
            else
                ports.Read(run->IoPort, new Span<byte>(data, run->IoSize));
        }
    }

    private void HandleMmio(KvmRun* run)
    {
        var length = (int)Math.Min(run->MmioLength, sizeof(ulong));
        if (run->MmioIsWrite != 0)
            memory.Write(run->MmioAddress, new ReadOnlySpan<byte>(run->MmioData, length));
        else
            memory.Read(run->MmioAddress, new Span<byte>(run->MmioData, length));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HandleEnd(KvmRun* run)
    {
        switch (run->ExitReason)
        {
            case KvmExitReason.Shutdown:
                end.Set(MicroVmExitReason.GuestReset, "The guest reset itself by a triple fault.");
                break;
            case KvmExitReason.SystemEvent when run->SystemEventType == EventShutdown:
                end.Set(MicroVmExitReason.GuestShutdown, "The guest switched itself off.");
                break;
            case KvmExitReason.SystemEvent when run->SystemEventType == EventReset:
                end.Set(MicroVmExitReason.GuestReset, "The guest reset itself.");
                break;
            case KvmExitReason.SystemEvent when run->SystemEventType == EventCrash:
                end.Set(MicroVmExitReason.GuestPanic, "The guest told KVM that it crashed.");
                break;
            case KvmExitReason.FailEntry:
                end.Set(MicroVmExitReason.Failure, $"The processor refused to enter the guest, reason 0x{run->FailEntryReason:x}.");
                break;
            case KvmExitReason.InternalError:
                end.Set(MicroVmExitReason.Failure, $"KVM could not go on with the guest, suberror {run->InternalErrorSuberror}.");
                break;
            default:
                end.Set(MicroVmExitReason.Failure, $"KVM came back from the guest for a reason that nobody asked for: {run->ExitReason}.");
                break;
        }
    }
}
