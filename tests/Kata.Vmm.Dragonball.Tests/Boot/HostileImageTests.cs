using CsCheck;
using Kata.Linux;
using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Boot.Images;
using Kata.Vmm.Dragonball.Tests.Boot.Fakes;

namespace Kata.Vmm.Dragonball.Tests.Boot;

/// <summary>
/// Whatever a file holds, loading it ends with a kernel in guest memory or a <see cref="BootException"/>, and takes no memory of the host
/// worth mentioning. Writes outside of guest memory would be noticed by <see cref="TestMemory"/>.
/// </summary>
[TestClass]
public sealed class HostileImageTests
{
    private const long MaxAllocatedBytes = 256 << 10;

    private static readonly Gen<(int, byte)[]> s_damage = Gen.Select(Gen.Int[0, 0x2FF], Gen.Byte).Array[1, 6];

    [TestMethod]
    public void Load_DamagedBzImage_FailsCleanlyOrNotAtAll() => LoadDamaged(SyntheticKernel.BzImage(), 0x1F0);

    [TestMethod]
    public void Load_DamagedElf_FailsCleanlyOrNotAtAll() => LoadDamaged(SyntheticKernel.Elf([0x40, 0, 0x20, 0, 0, 0, 0, 0]), 0);

    [TestMethod]
    [Timeout(20_000)]
    public void Open_AFifo_IsRefusedAtOnce()
    {
        var directory = Directory.CreateTempSubdirectory("kata-vmm-").FullName;
        try
        {
            const uint fifo = 0x1180; // S_IFIFO, 0600
            using var open = FileDescriptors.Open(directory, OpenFlags.Path);
            Assert.AreEqual(Errno.None, DirectoryOperations.MakeNode(open, "fifo\0"u8, fifo, 0));
            var e = Assert.ThrowsExactly<BootException>(() => ImageFile.Open($"{directory}/fifo", "kernel"));
            StringAssert.Contains(e.Message, "not a regular file");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void LoadDamaged(byte[] good, int headerAt)
    {
        const int Runs = 20_000;
        using var memory = new TestMemory(4 << 20);
        var loaded = 0;
        var low = new LowMemory(memory.Memory);
        Gen.Select(s_damage, Gen.Frequency((3, Gen.Const(good.Length)), (1, Gen.Int[1, good.Length]))).Sample(
            (damage, length) =>
            {
                var image = good[..length];
                foreach (var (at, value) in damage)
                    image[(headerAt + at) % length] = value;
                using var file = TestImage.Of(image);
                var allocated = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    var kernel = KernelImage.Load(file, low);
                    loaded++;
                    Assert.IsTrue(kernel.End <= low.End);
                    Assert.IsTrue(kernel.EntryPoint >= 0x10_0000 && kernel.EntryPoint < kernel.End);
                }
                catch (BootException)
                {
                    // As good.
                }

                Assert.IsLessThan(MaxAllocatedBytes, GC.GetAllocatedBytesForCurrentThread() - allocated);
            },
            iter: Runs, threads: 1);
        Assert.IsTrue(loaded is > Runs / 100 and < Runs * 99 / 100, $"{loaded} of {Runs} loaded: the generator reaches one side only.");
        Assert.AreEqual(-1, memory.Bytes(0, 0x10_0000).IndexOfAnyExcept((byte)0), "an image was loaded over the boot data");
    }
}
