using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Boot.Images;
using Kata.Vmm.Dragonball.Tests.Boot.Fakes;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests.Boot;

/// <summary>Debian's kernels, loaded and not run.</summary>
[TestClass]
public sealed class RealKernelTests
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kernel");

    [TestCleanup]
    public void Cleanup() => _directory.Delete(recursive: true);

    [TestMethod]
    [DataRow("guest")]
    [DataRow("guest-trixie")]
    public void Prepare_DebianGuest_IsReadyToBoot(string guest)
    {
        using var kernel = ImageFile.Open(DebianKernel.BzImage(guest), "kernel");
        using var initrd = ImageFile.Open(DebianKernel.Initrd(guest), "initrd");
        using var memory = new TestMemory(256 << 20);

        var loaded = GuestBoot.Prepare(
            memory.Memory, kernel, initrd, KernelCommandLine.ForStockKernel(quiet: true, ""), new() { VcpuCount = 1, VirtioWindows = [] });

        Assert.AreEqual(BootProtocol.Linux64, loaded.Protocol);
        Assert.AreEqual(0x100_0200ul, loaded.EntryPoint);
        Assert.AreEqual(2047u, loaded.CommandLineLimit);
        Assert.AreEqual((uint)initrd.Length, memory.Read<uint>(0x721C));
        // cpio's magic, or that of a compressed archive, is not lost between the file and the top of memory.
        Span<byte> first = stackalloc byte[6];
        initrd.Read(0, first, "its magic");
        Assert.IsTrue(memory.Bytes(memory.Read<uint>(0x7218), 6).SequenceEqual(first));
    }

    [TestMethod]
    public void Load_DebianElf_BeginsAtItsPvhEntryPoint()
    {
        using var elf = ImageFile.Open(DebianKernel.Elf(_directory.FullName), "kernel");
        using var memory = new TestMemory(256 << 20);

        var loaded = KernelImage.Load(elf, new LowMemory(memory.Memory));

        Assert.AreEqual(BootProtocol.Pvh, loaded.Protocol);
        Assert.IsTrue(loaded.EntryPoint is > 0x100_0000 and < 0x800_0000);
        // pvh_start_xen begins with cld.
        Assert.AreEqual(0xFC, memory.Read<byte>(loaded.EntryPoint));
    }

    [TestMethod]
    public void Load_DebianKernelInTooLittleMemory_SaysSo()
    {
        using var kernel = ImageFile.Open(DebianKernel.BzImage("guest"), "kernel");
        using var memory = new TestMemory(64 << 20);

        var error = Assert.ThrowsExactly<BootException>(() => KernelImage.Load(kernel, new LowMemory(memory.Memory)));

        StringAssert.Contains(error.Message, "does not fit into the machine's memory, which ends at 0x4000000");
    }
}
