using Kata.Vmm.Dragonball.Kvm;

namespace Kata.Vmm.Dragonball.Boot.X64;

/// <summary>
/// Makes leaf 0xD (XSAVE) agree with the features that need its state components. Kernels from 7.0 on crash when they do not agree, which
/// happens where KVM itself runs in a guest.
/// </summary>
internal static class XsaveConsistency
{
    private const uint Xsave = 1 << 26; // 1.ECX
    private const uint OsXsave = 1 << 27; // 1.ECX
    private const ulong LegacyState = 3; // x87 and SSE
    private const ulong AvxState = 1 << 2;
    private const ulong BoundState = 3 << 3;
    private const ulong Avx512State = 7 << 5;
    private const ulong KeyState = 1 << 9;
    private const ulong TileState = 3 << 17;
    private const int LegacyAreaSize = 512 + 64;

    // What needs 256-bit registers, by register of CPUID.
    private const uint Leaf1EcxAvx = (1 << 12) | (1 << 28) | (1 << 29); // FMA, AVX, F16C
    private const uint Leaf7EbxAvx = 1 << 5; // AVX2
    private const uint Leaf7EcxAvx = (1 << 9) | (1 << 10); // VAES, VPCLMULQDQ
    private const uint Leaf71EaxAvx = (1 << 4) | (1 << 23); // AVX-VNNI, AVX-IFMA
    private const uint Leaf71EdxAvx = (1 << 4) | (1 << 5) | (1 << 10); // AVX-VNNI-INT8, AVX-NE-CONVERT, AVX-VNNI-INT16
    private const uint Extended1EcxAvx = (1 << 11) | (1 << 16); // XOP, FMA4

    // And what needs 512-bit registers and masks.
    private const uint Leaf7EbxAvx512 = (1u << 16) | (1 << 17) | (1 << 21) | (1 << 26) | (1 << 27) | (1 << 28) | (1 << 30) | (1u << 31);
    private const uint Leaf7EcxAvx512 = (1 << 1) | (1 << 6) | (1 << 11) | (1 << 12) | (1 << 14);
    private const uint Leaf7EdxAvx512 = (1 << 2) | (1 << 3) | (1 << 8) | (1 << 23);
    private const uint Leaf71EaxAvx512 = 1 << 5;

    private const uint Leaf7EbxBound = 1 << 14; // MPX
    private const uint Leaf7EcxKeys = (1 << 3) | (1 << 4); // PKU, OSPKE
    private const uint Leaf7EdxTiles = (1 << 22) | (1 << 24) | (1 << 25); // AMX
    private const uint Leaf71EaxTiles = 1 << 21;
    private const uint Leaf71EdxAvx10 = 1 << 19;

    /// <summary>Removes features without state components and state components without features. Changes the entries.</summary>
    public static KvmCpuidEntry[] Enforce(KvmCpuidEntry[] entries)
    {
        var basic = Find(entries, 1, 0);
        var extended = Find(entries, 7, 0);
        var states = Find(entries, 0xD, 0);
        var hasXsave = (basic.Ecx & Xsave) != 0;
        var offered = hasXsave ? states.Eax | ((ulong)states.Edx << 32) : 0;
        var usable = offered & Usable(basic, extended);
        if ((usable & LegacyState) != LegacyState)
            usable = 0;
        foreach (ref var entry in entries.AsSpan())
            RemoveFeatures(ref entry, usable);
        var kept = entries.Where(entry => entry.Function != 0xD || entry.Index switch
        {
            0 or 1 => usable != 0,
            // Supervisor states, which do not appear in XCR0, say so in bit 0 of ECX.
            < 64 => (usable & (1UL << (int)entry.Index)) != 0 || (usable != 0 && (entry.Ecx & 1) != 0),
            _ => false,
        }).ToArray();
        foreach (ref var entry in kept.AsSpan())
        {
            if (entry is { Function: 0xD, Index: 0 } && usable != offered)
                SetStates(ref entry, usable, AreaSize(kept, usable));
        }

        return kept;
    }

    /// <summary>The state components whose features there are.</summary>
    private static ulong Usable(in KvmCpuidEntry basic, in KvmCpuidEntry extended)
    {
        const uint avx = 1 << 28, avx512 = 1 << 16, keys = 1 << 3, tiles = 1 << 24;
        var unused = 0UL;
        if ((basic.Ecx & avx) == 0)
            unused |= AvxState | Avx512State;
        if ((extended.Ebx & avx512) == 0)
            unused |= Avx512State;
        if ((extended.Ebx & Leaf7EbxBound) == 0)
            unused |= BoundState;
        if ((extended.Ecx & keys) == 0)
            unused |= KeyState;
        if ((extended.Edx & tiles) == 0)
            unused |= TileState;
        return ~unused;
    }

    private static void RemoveFeatures(ref KvmCpuidEntry entry, ulong usable)
    {
        var (noAvx, noAvx512) = (Lacks(usable, AvxState), Lacks(usable, Avx512State));
        var (noKeys, noTiles, noBounds) = (Lacks(usable, KeyState), Lacks(usable, TileState), Lacks(usable, BoundState));
        switch (entry.Function, entry.Index)
        {
            case (1, _):
                entry.Ecx &= ~((usable == 0 ? Xsave | OsXsave : 0) | (noAvx ? Leaf1EcxAvx : 0));
                break;
            case (7, 0):
                entry.Ebx &= ~((noAvx ? Leaf7EbxAvx : 0) | (noAvx512 ? Leaf7EbxAvx512 : 0) | (noBounds ? Leaf7EbxBound : 0));
                entry.Ecx &= ~((noAvx ? Leaf7EcxAvx : 0) | (noAvx512 ? Leaf7EcxAvx512 : 0) | (noKeys ? Leaf7EcxKeys : 0));
                entry.Edx &= ~((noAvx512 ? Leaf7EdxAvx512 : 0) | (noTiles ? Leaf7EdxTiles : 0));
                break;
            case (7, 1):
                entry.Eax &= ~((noAvx ? Leaf71EaxAvx : 0) | (noAvx512 ? Leaf71EaxAvx512 : 0) | (noTiles ? Leaf71EaxTiles : 0));
                entry.Edx &= ~((noAvx ? Leaf71EdxAvx : 0) | (noAvx512 ? Leaf71EdxAvx10 : 0));
                break;
            case (0x8000_0001, _):
                entry.Ecx &= ~(noAvx ? Extended1EcxAvx : 0);
                break;
            default:
                break;
        }
    }

    private static bool Lacks(ulong usable, ulong states) => (usable & states) != states;

    /// <summary>Bytes of the area in standard form: up to the end of the last component.</summary>
    private static uint AreaSize(ReadOnlySpan<KvmCpuidEntry> entries, ulong usable)
    {
        var size = (uint)LegacyAreaSize;
        foreach (ref readonly var entry in entries)
        {
            if (entry is { Function: 0xD, Index: >= 2 and < 64 } && (usable & (1UL << (int)entry.Index)) != 0)
                size = Math.Max(size, entry.Ebx + entry.Eax);
        }

        return size;
    }

    private static void SetStates(ref KvmCpuidEntry entry, ulong usable, uint size)
    {
        entry.Eax = (uint)usable;
        entry.Edx = (uint)(usable >> 32);
        entry.Ebx = entry.Ecx = size;
    }

    private static KvmCpuidEntry Find(ReadOnlySpan<KvmCpuidEntry> entries, uint function, uint index)
    {
        foreach (ref readonly var entry in entries)
        {
            if (entry.Function == function && entry.Index == index)
                return entry;
        }

        return default;
    }
}
