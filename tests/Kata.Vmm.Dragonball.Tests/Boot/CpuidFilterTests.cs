using Kata.Vmm.Dragonball.Boot.X64;
using Kata.Vmm.Dragonball.Kvm;

namespace Kata.Vmm.Dragonball.Tests.Boot;

[TestClass]
public sealed class CpuidFilterTests
{
    private const uint Intel = 0x756E6547; // EBX of "GenuineIntel"
    private const uint Amd = 0x68747541; // EBX of "AuthenticAMD"
    private const uint AvxFeatures = (1 << 28) | (1 << 12) | (1 << 29); // AVX, FMA, F16C in 1.ECX

    [TestMethod]
    public void For_FourCores_EachHasItsIdAndTheSameTopology()
    {
        var filter = new CpuidFilter(Host(Intel), 3, tscDeadlineTimer: true);

        for (var id = 0; id < 3; id++)
        {
            var leaves = filter.For(id);
            var basic = Leaf(leaves, 1);
            Assert.AreEqual((uint)id, basic.Ebx >> 24);
            Assert.AreEqual(3u, basic.Ebx >> 16 & 0xFF);
            Assert.AreEqual(8u, basic.Ebx >> 8 & 0xFF);
            Assert.AreEqual(0x21u, basic.Ebx & 0xFF, "the brand index stays");
            Assert.AreEqual(1u, basic.Ecx >> 31, "hypervisor");
            Assert.AreEqual(1u, basic.Ecx >> 24 & 1, "TSC deadline timer");
            Assert.AreEqual(1u, basic.Ecx >> 21 & 1, "x2APIC stays");
            Assert.AreEqual(1u, basic.Edx >> 28 & 1, "more than one processor in the package");
            foreach (var function in new[] { 0xBu, 0x1Fu })
            {
                CollectionAssert.AreEqual(
                    new[] { (0u, 1u, 0x100u, (uint)id), (2u, 3u, 0x201u, (uint)id), (0u, 0u, 2u, (uint)id) },
                    leaves.Where(leaf => leaf.Function == function).Select(leaf => (leaf.Eax, leaf.Ebx, leaf.Ecx, leaf.Edx)).ToArray());
            }
        }
    }

    [TestMethod]
    public void For_OneCore_IsNotHyperThreaded()
    {
        var leaves = new CpuidFilter(Host(Intel), 1, tscDeadlineTimer: false).For(0);

        Assert.AreEqual(0u, Leaf(leaves, 1).Edx >> 28 & 1);
        Assert.AreEqual(0u, Leaf(leaves, 1).Ecx >> 24 & 1);
        Assert.AreEqual(0u, Leaf(leaves, 0xB, 1).Eax);
    }

    [TestMethod]
    public void For_Intel_CachesAndCountersAreTheMachines()
    {
        var leaves = new CpuidFilter(Host(Intel), 4, tscDeadlineTimer: true).For(2);

        Assert.AreEqual(0u, Leaf(leaves, 4, 0).Eax >> 14 & 0xFFF, "the first level is a core's");
        Assert.AreEqual(3u, Leaf(leaves, 4, 3).Eax >> 14 & 0xFFF, "the third level is everyone's");
        Assert.AreEqual(3u, Leaf(leaves, 4, 0).Eax >> 26, "four cores");
        Assert.AreEqual(0u, Leaf(leaves, 4, 4).Eax, "the end of the list");
        Assert.AreEqual((4u, 0u), (Leaf(leaves, 6).Eax, Leaf(leaves, 6).Ecx));
        Assert.AreEqual((0u, 0u), (Leaf(leaves, 0xA).Eax, Leaf(leaves, 0xA).Edx));
        Assert.AreEqual(0x3039u, Leaf(leaves, 0x8000_0008).Eax, "address sizes stay");
        Assert.AreEqual(0u, Leaf(leaves, 0x8000_0008).Ecx);
        Assert.AreEqual(0x4B4D564Bu, Leaf(leaves, 0x4000_0000).Ebx, "KVM's signature stays");
        Assert.AreEqual(0x0100_7EFBu, Leaf(leaves, 0x4000_0001).Eax);
    }

    [TestMethod]
    public void For_Amd_ExtendedTopologyIsTheMachines()
    {
        var leaves = new CpuidFilter(Host(Amd), 4, tscDeadlineTimer: true).For(3);

        Assert.AreEqual(3u | (2 << 12), Leaf(leaves, 0x8000_0008).Ecx);
        Assert.AreEqual(1u, Leaf(leaves, 0x8000_0001).Ecx >> 1 & 1, "CmpLegacy");
        Assert.AreEqual(3u, Leaf(leaves, 0x8000_001D, 3).Eax >> 14 & 0xFFF);
        Assert.AreEqual(0u, Leaf(leaves, 0x8000_001D, 0).Eax >> 14 & 0xFFF);
        Assert.AreEqual((3u, 3u, 0u), (Leaf(leaves, 0x8000_001E).Eax, Leaf(leaves, 0x8000_001E).Ebx, Leaf(leaves, 0x8000_001E).Ecx));
        Assert.AreEqual(0u, Leaf(leaves, 7).Edx >> 29 & 1, "AMD has no ARCH_CAPABILITIES");
        Assert.IsFalse(leaves.Any(leaf => leaf.Function == 0x8000_0026));
    }

    [TestMethod]
    public void For_ConsistentHost_XsaveStaysAsItIs()
    {
        var leaves = new CpuidFilter(Host(Intel), 1, tscDeadlineTimer: true).For(0);

        Assert.AreEqual(AvxFeatures, Leaf(leaves, 1).Ecx & AvxFeatures);
        Assert.AreEqual((7u, 832u), (Leaf(leaves, 0xD).Eax, Leaf(leaves, 0xD).Ecx));
        Assert.IsTrue(leaves.Any(leaf => leaf is { Function: 0xD, Index: 2 }));
        Assert.IsTrue(leaves.Any(leaf => leaf is { Function: 0xD, Index: 11 }), "a supervisor state");
    }

    [TestMethod]
    public void For_HostWithoutXsave_HasNoAvx()
    {
        var leaves = new CpuidFilter(Host(Intel, edit: (ref KvmCpuidEntry leaf) =>
        {
            if (leaf.Function == 1)
                leaf.Ecx &= ~(1u << 26);
        }), 1, tscDeadlineTimer: true).For(0);

        Assert.AreEqual(0u, Leaf(leaves, 1).Ecx & AvxFeatures);
        Assert.AreEqual(0u, Leaf(leaves, 7).Ebx >> 5 & 1, "AVX2");
        Assert.AreEqual(0u, Leaf(leaves, 7).Ecx & ((1 << 9) | (1 << 10)), "VAES, VPCLMULQDQ");
        Assert.IsFalse(leaves.Any(leaf => leaf.Function == 0xD));
    }

    [TestMethod]
    public void For_HostWithoutAvxState_HasNoAvx()
    {
        var leaves = new CpuidFilter(Host(Intel, edit: (ref KvmCpuidEntry leaf) =>
        {
            if (leaf is { Function: 0xD, Index: 0 })
                leaf.Eax = 3;
        }), 1, tscDeadlineTimer: true).For(0);

        Assert.AreEqual(0u, Leaf(leaves, 1).Ecx & AvxFeatures);
        Assert.AreEqual(1u, Leaf(leaves, 1).Ecx >> 26 & 1, "XSAVE itself stays");
        Assert.AreEqual(3u, Leaf(leaves, 0xD).Eax);
        Assert.IsFalse(leaves.Any(leaf => leaf is { Function: 0xD, Index: 2 }));
    }

    [TestMethod]
    public void For_HostWithoutAvxFeature_HasNoAvxState()
    {
        var leaves = new CpuidFilter(Host(Intel, edit: (ref KvmCpuidEntry leaf) =>
        {
            if (leaf.Function == 1)
                leaf.Ecx &= ~(1u << 28);
        }), 1, tscDeadlineTimer: true).For(0);

        Assert.AreEqual((3u, 576u, 576u), (Leaf(leaves, 0xD).Eax, Leaf(leaves, 0xD).Ebx, Leaf(leaves, 0xD).Ecx));
        Assert.AreEqual(0u, Leaf(leaves, 1).Ecx & AvxFeatures);
        Assert.AreEqual(0u, Leaf(leaves, 7).Ebx >> 5 & 1, "AVX2");
    }

    private delegate void Edit(ref KvmCpuidEntry leaf);

    /// <summary>What KVM supports on a made-up host with AVX2, four caches and eight cores.</summary>
    private static KvmCpuidEntry[] Host(uint vendor, Edit? edit = null)
    {
        KvmCpuidEntry[] leaves =
        [
            Entry(0, 0, 0x1F, vendor, 0, 0),
            Entry(1, 0, 0x806F8, 0x0708_0021, AvxFeatures | (1 << 15) | (1 << 21) | (1 << 26), 1 << 28),
            Entry(4, 0, 0x1C00_4121, 0, 0, 0), Entry(4, 1, 0x1C00_4122, 0, 0, 0), Entry(4, 2, 0x1C00_4143, 0, 0, 0),
            Entry(4, 3, 0x1C03_C163, 0, 0, 0), Entry(4, 4, 0, 0, 0, 0),
            Entry(6, 0, 0x77, 2, 9, 0),
            Entry(7, 0, 1, 1 << 5, (1 << 9) | (1 << 10), 1 << 29),
            Entry(0xA, 0, 0x0830_0802, 0, 0xF, 0x8604),
            Entry(0xB, 0, 1, 2, 0x100, 5), Entry(0xB, 1, 4, 8, 0x201, 5),
            Entry(0xD, 0, 7, 832, 832, 0), Entry(0xD, 1, 0xF, 832, 0, 0), Entry(0xD, 2, 256, 576, 0, 0), Entry(0xD, 11, 16, 0, 1, 0),
            Entry(0x1F, 0, 0, 0, 0, 0),
            Entry(0x4000_0000, 0, 0x4000_0001, 0x4B4D564B, 0x564B4D56, 0x4D), Entry(0x4000_0001, 0, 0x0100_7EFB, 0, 0, 0),
            Entry(0x8000_0001, 0, 0, 0, (1 << 22) | 1, 0),
            Entry(0x8000_0008, 0, 0x3039, 0, vendor == Amd ? 0x7007u : 0, 0),
            .. vendor == Amd
                ? [
                    Entry(0x8000_001D, 0, 0x4121, 0, 0, 0), Entry(0x8000_001D, 3, 0x3C163, 0, 0, 0),
                    Entry(0x8000_001E, 0, 5, 0x105, 0x101, 0), Entry(0x8000_0026, 0, 1, 2, 0x100, 5),
                ]
                : (ReadOnlySpan<KvmCpuidEntry>)[],
        ];
        foreach (ref var leaf in leaves.AsSpan())
            edit?.Invoke(ref leaf);
        return leaves;
    }

    private static KvmCpuidEntry Entry(uint function, uint index, uint eax, uint ebx, uint ecx, uint edx) => new()
    {
        Function = function,
        Index = index,
        Flags = function is 4 or 7 or 0xB or 0xD or 0x1F or 0x8000_001D ? KvmCpuidEntry.SignificantIndex : 0,
        Eax = eax,
        Ebx = ebx,
        Ecx = ecx,
        Edx = edx,
    };

    private static KvmCpuidEntry Leaf(IEnumerable<KvmCpuidEntry> leaves, uint function, uint index = 0) =>
        leaves.Single(leaf => leaf.Function == function && leaf.Index == index);
}
