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

    private static readonly byte[] s_elf = SyntheticKernel.Elf([0x40, 0, 0x20, 0, 0, 0, 0, 0]);

    [TestMethod]
    public void Load_DamagedBzImage_FailsCleanlyOrNotAtAll() => LoadDamaged(SyntheticKernel.BzImage(), 0x1F0);

    [TestMethod]
    public void Load_DamagedElf_FailsCleanlyOrNotAtAll() => LoadDamaged(s_elf, 0);

    /// <summary>All that the headers of an image decide: where the initrd goes, how long the command line is, what the zero page says.</summary>
    [TestMethod]
    public void Prepare_DamagedBzImage_FailsCleanlyOrNotAtAll() => PrepareDamaged(SyntheticKernel.BzImage(), 0x1F0);

    [TestMethod]
    public void Prepare_DamagedElf_FailsCleanlyOrNotAtAll() => PrepareDamaged(s_elf, 0);

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
        using var memory = new TestMemory(4 << 20);
        var low = new LowMemory(memory.Memory);
        Try(good, headerAt, 20_000, file =>
        {
            var kernel = KernelImage.Load(file, low);
            Assert.IsTrue(kernel.End <= low.End);
            Assert.IsTrue(kernel.EntryPoint >= 0x10_0000 && kernel.EntryPoint < kernel.End);
        });
        Assert.AreEqual(-1, memory.Bytes(0, 0x10_0000).IndexOfAnyExcept((byte)0), "an image was loaded over the boot data");
    }

    private static void PrepareDamaged(byte[] good, int headerAt)
    {
        using var memory = new TestMemory(8 << 20, 2 << 20);
        using var initrd = TestImage.Of(new byte[5000], "initrd");
        var machine = new MachineDescription { VcpuCount = 2, VirtioWindows = [new(0xD000_0000, 0x1000, 5)] };
        Try(good, headerAt, 3_000, file => GuestBoot.Prepare(memory.Memory, file, initrd, "console=ttyS0", machine));
    }

    private static void Try(byte[] good, int headerAt, int runs, Action<ImageFile> boot)
    {
        var loaded = 0;
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
                    boot(file);
                    loaded++;
                }
                catch (BootException)
                {
                    // As good.
                }

                Assert.IsLessThan(MaxAllocatedBytes, GC.GetAllocatedBytesForCurrentThread() - allocated);
            },
            iter: runs, threads: 1);
        Assert.IsTrue(loaded > runs / 100 && loaded < runs * 99 / 100, $"{loaded} of {runs} loaded: the generator reaches one side only.");
    }
}
