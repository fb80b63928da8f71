using Kata.Vmm.Dragonball.Memory;

namespace Kata.Vmm.Dragonball.Tests.Memory;

[TestClass]
public sealed class GuestRamTests
{
    private const ulong GiB = 1UL << 30;

    [TestMethod]
    public void Memory_BeyondTheHole_ContinuesAtFourGiB()
    {
        using var ram = GuestRam.Allocate(4 * GiB, MicroVmMemoryBacking.Shared, prefault: false);
        var regions = ram.Memory.Regions;
        Assert.HasCount(2, regions);
        Assert.AreEqual((0UL, 3 * GiB), (regions[0].Start, regions[0].End));
        Assert.AreEqual((4 * GiB, 5 * GiB), (regions[1].Start, regions[1].End));
        Assert.AreEqual(3 * GiB, regions[1].FileOffset);
        Assert.IsTrue(ram.Memory.TryWrite((5 * GiB) - 4, [1, 2, 3, 4]));
        Assert.IsFalse(ram.Memory.TryWrite((3 * GiB) - 2, [1, 2, 3, 4]));
    }

    [TestMethod]
    public void SharedMemory_CannotBeTruncatedUnderTheMachine()
    {
        using var ram = GuestRam.Allocate(2 << 20, MicroVmMemoryBacking.Shared, prefault: true);
        var path = $"/proc/self/fd/{ram.Memory.Regions[0].File!.DangerousGetHandle()}";
        Assert.ThrowsExactly<UnauthorizedAccessException>(() =>
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            RandomAccess.SetLength(file, 0);
        });
    }

    [TestMethod]
    [DataRow(MicroVmMemoryBacking.Anonymous)]
    [DataRow(MicroVmMemoryBacking.Shared)]
    public void Memory_IsNotInCoreDumps(MicroVmMemoryBacking backing)
    {
        using var ram = GuestRam.Allocate(64 << 20, backing, prefault: false);
        var start = $"{ram.Memory.Regions[0].HostAddress:x}-";
        var flags = File.ReadLines("/proc/self/smaps")
            .SkipWhile(line => !line.StartsWith(start, StringComparison.Ordinal))
            .First(line => line.StartsWith("VmFlags:", StringComparison.Ordinal));
        CollectionAssert.Contains(flags.Split(' '), "dd");
    }

    [TestMethod]
    public void HugePages_ThatTheHostHasNot_AreAnErrorNotASignal()
    {
        if (!File.ReadAllText("/proc/meminfo").Contains("HugePages_Free:        0\n", StringComparison.Ordinal))
            Assert.Inconclusive("needs a host without free huge pages");
        var e = Assert.ThrowsExactly<MicroVmException>(() => GuestRam.Allocate(64 << 20, MicroVmMemoryBacking.HugePages, prefault: false));
        StringAssert.Contains(e.Message, "vm.nr_hugepages");
    }
}
