using System.Numerics;
using Kata.Vmm.Dragonball.Kvm;

namespace Kata.Vmm.Dragonball.Boot.X64;

/// <summary>
/// What CPUID answers in a guest: what KVM supports on this host, with the topology of this machine (one package, one thread a core, APIC
/// ids from 0 on), without the host's performance and power counters, and without contradictions.
/// </summary>
internal sealed class CpuidFilter
{
    private const uint TscDeadline = 1 << 24; // 1.ECX: TSC deadline timer
    private const uint Hypervisor = 1u << 31; // 1.ECX
    private const uint PerformanceCapabilities = 1 << 15; // 1.ECX
    private const uint HyperThreading = 1 << 28; // 1.EDX
    private const uint CacheLine = 8; // 1.EBX: 64 bytes, in units of 8
    private const uint AlwaysRunningTimer = 1 << 2; // 6.EAX
    private const uint ArchCapabilities = 1 << 29; // 7.EDX
    private const uint LegacyCores = 1 << 1; // 0x80000001.ECX
    private const uint ThreadLevel = 1;
    private const uint CoreLevel = 2;

    private readonly KvmCpuidEntry[] _entries;
    private readonly int _vcpuCount;
    private readonly int _coreBits;
    private readonly bool _isAmd;

    /// <summary>Applies all that is the same for every vCPU.</summary>
    /// <param name="supported">KVM_GET_SUPPORTED_CPUID.</param>
    /// <param name="vcpuCount">Processors of the machine.</param>
    /// <param name="tscDeadlineTimer">KVM_CAP_TSC_DEADLINE_TIMER, which the supported leaves do not tell.</param>
    public CpuidFilter(ReadOnlySpan<KvmCpuidEntry> supported, int vcpuCount, bool tscDeadlineTimer)
    {
        _vcpuCount = vcpuCount;
        _coreBits = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)vcpuCount));
        var entries = new List<KvmCpuidEntry>(supported.Length);
        foreach (ref readonly var entry in supported)
        {
            // "AuthenticAMD" or "HygonGenuine"
            if (entry.Function == 0)
                _isAmd = entry.Ebx is 0x68747541 or 0x6F677948;
            // The host's topology is rebuilt; AMD's newer form of it is not needed.
            if (entry.Function is 0xB or 0x1F)
                AddTopology(entries, entry);
            else if (entry.Function != 0x8000_0026)
                entries.Add(entry);
        }

        _entries = [.. entries];
        foreach (ref var entry in _entries.AsSpan())
            Adjust(ref entry, tscDeadlineTimer);
        _entries = XsaveConsistency.Enforce(_entries);
    }

    /// <summary>The leaves of one vCPU.</summary>
    /// <param name="apicId">Its number and APIC id.</param>
    public KvmCpuidEntry[] For(int apicId)
    {
        var entries = _entries.ToArray();
        var id = (uint)apicId;
        foreach (ref var entry in entries.AsSpan())
        {
            switch (entry.Function)
            {
                case 1:
                    entry.Ebx = (entry.Ebx & 0x00FF_FFFF) | (id << 24);
                    break;
                case 0xB or 0x1F:
                    entry.Edx = id;
                    break;
                case 0x8000_001E when _isAmd:
                    entry.Eax = id;
                    entry.Ebx = id & 0xFF; // core id; one thread a core
                    break;
                default:
                    break;
            }
        }

        return entries;
    }

    private void Adjust(ref KvmCpuidEntry entry, bool tscDeadlineTimer)
    {
        switch (entry.Function)
        {
            case 1:
                entry.Ebx = (entry.Ebx & 0xFF) | (CacheLine << 8) | ((uint)Math.Min(_vcpuCount, 255) << 16);
                entry.Ecx = (entry.Ecx & ~(TscDeadline | PerformanceCapabilities)) | Hypervisor | (tscDeadlineTimer ? TscDeadline : 0);
                entry.Edx = _vcpuCount > 1 ? entry.Edx | HyperThreading : entry.Edx & ~HyperThreading;
                break;
            case 4:
                SetCacheSharing(ref entry);
                // Cores of the package, which the field can tell up to 64.
                if (entry.Eax != 0)
                    entry.Eax = (entry.Eax & 0x03FF_FFFF) | (Math.Min((1u << _coreBits) - 1, 63) << 26);
                break;
            case 6:
                // No power management, but the APIC's timer runs in every state: otherwise kernels want a second timer, and there is none.
                (entry.Eax, entry.Ebx, entry.Ecx, entry.Edx) = (entry.Eax & AlwaysRunningTimer, 0, 0, 0);
                break;
            case 7 when entry.Index == 0 && _isAmd:
                entry.Edx &= ~ArchCapabilities;
                break;
            case 0xA:
                (entry.Eax, entry.Ebx, entry.Ecx, entry.Edx) = (0, 0, 0, 0);
                break;
            case 0x8000_0001 when _isAmd:
                entry.Ecx = _vcpuCount > 1 ? entry.Ecx | LegacyCores : entry.Ecx & ~LegacyCores;
                break;
            case 0x8000_0008 when _isAmd:
                entry.Ecx = (uint)Math.Min(_vcpuCount - 1, 255) | ((uint)_coreBits << 12);
                break;
            case 0x8000_001D when _isAmd:
                SetCacheSharing(ref entry);
                break;
            case 0x8000_001E when _isAmd:
                entry.Ecx = 0; // one node
                break;
            default:
                break;
        }
    }

    /// <summary>First and second level belong to a core, higher ones to the package.</summary>
    private void SetCacheSharing(ref KvmCpuidEntry entry)
    {
        const uint sharing = 0x03FF_C000;
        var type = entry.Eax & 0x1F;
        var level = (entry.Eax >> 5) & 7;
        if (type != 0)
            entry.Eax = (entry.Eax & ~sharing) | (level > 2 ? ((1u << _coreBits) - 1) << 14 : 0);
    }

    /// <summary>Replaces a topology leaf, whichever subleaves KVM had, by threads, cores and the end.</summary>
    private void AddTopology(List<KvmCpuidEntry> entries, in KvmCpuidEntry supported)
    {
        if (supported.Index != 0)
            return;
        Add(entries, supported.Function, 0, shift: 0, count: 1, ThreadLevel);
        Add(entries, supported.Function, 1, (uint)_coreBits, (uint)_vcpuCount, CoreLevel);
        Add(entries, supported.Function, 2, shift: 0, count: 0, type: 0);

        static void Add(List<KvmCpuidEntry> entries, uint function, uint index, uint shift, uint count, uint type)
        {
            entries.Add(new KvmCpuidEntry
            {
                Function = function,
                Index = index,
                Flags = KvmCpuidEntry.SignificantIndex,
                Eax = shift,
                Ebx = count,
                Ecx = index | (type << 8),
            });
        }
    }
}
