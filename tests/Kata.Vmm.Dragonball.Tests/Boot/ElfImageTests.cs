using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Boot.Images;
using Kata.Vmm.Dragonball.Tests.Boot.Fakes;

namespace Kata.Vmm.Dragonball.Tests.Boot;

[TestClass]
public sealed class ElfImageTests
{
    [TestMethod]
    [DataRow(null, BootProtocol.Linux64, SyntheticKernel.Address + 0x100)]
    [DataRow(new byte[] { 0x40, 0, 0x20, 0 }, BootProtocol.Pvh, SyntheticKernel.Address + 0x40)]
    [DataRow(new byte[] { 0x40, 0, 0x20, 0, 0, 0, 0, 0 }, BootProtocol.Pvh, SyntheticKernel.Address + 0x40)]
    public void Load_GoodImage_BeginsAtTheBestEntryPoint(byte[]? note, object protocol, ulong entry)
    {
        var image = SyntheticKernel.Elf(note);
        using var memory = new TestMemory(4 << 20);
        memory.Memory.TryWrite(SyntheticKernel.Address + SyntheticKernel.PayloadLength, [1, 2, 3]);
        using var file = TestImage.Of(image);

        var kernel = KernelImage.Load(file, new LowMemory(memory.Memory));

        Assert.AreEqual(protocol, kernel.Protocol);
        Assert.AreEqual(entry, kernel.EntryPoint);
        Assert.AreEqual(SyntheticKernel.Address + SyntheticKernel.PayloadLength + 0x1000, kernel.End);
        Assert.IsTrue(memory.Bytes(SyntheticKernel.Address, SyntheticKernel.PayloadLength).SequenceEqual(image.AsSpan(0x1000)));
        Assert.AreEqual(-1, memory.Bytes(SyntheticKernel.Address + SyntheticKernel.PayloadLength, 0x1000).IndexOfAnyExcept((byte)0));
    }

    [TestMethod]
    [DataRow(4, (byte)1, "not for x86-64")]
    [DataRow(5, (byte)2, "not for x86-64")]
    [DataRow(18, (byte)183, "not for x86-64")]
    [DataRow(16, (byte)1, "of type 1, not an executable")]
    [DataRow(54, (byte)55, "program headers of 55 bytes")]
    [DataRow(56, (byte)0, "0 program headers")]
    [DataRow(57, (byte)1, "258 program headers")]
    [DataRow(39, (byte)0xFF, "ends within its program headers")]
    [DataRow(25, (byte)0xFF, "where none of its segments is")]
    [DataRow(64 + 15, (byte)0xFF, "ends within a segment")]
    [DataRow(64 + 26, (byte)0, "loaded above 1 MiB")]
    [DataRow(64 + 31, (byte)0xFF, "does not fit into the machine's memory")]
    [DataRow(64 + 39, (byte)0xFF, "bytes of content")]
    [DataRow(64 + 41, (byte)0, "a segment of 0x0 bytes with 0x3000 bytes of content")]
    [DataRow(64 + 47, (byte)0xFF, "does not fit into the machine's memory")]
    [DataRow(64 + 56 + 15, (byte)0xFF, "ends within its notes")]
    [DataRow(64 + 56 + 39, (byte)0xFF, "bytes of notes")]
    [DataRow(0x200 + 3, (byte)0xFF, "a note that does not fit")]
    [DataRow(0x200 + 7, (byte)0xFF, "a note that does not fit")]
    public void Load_BadHeader_NamesFileAndProblem(int offset, byte value, string problem)
    {
        var image = SyntheticKernel.Elf([0x40, 0, 0x20, 0]);
        if (offset == 25)
            image = SyntheticKernel.Elf(null);
        image[offset] = value;
        using var memory = new TestMemory(4 << 20);
        using var file = TestImage.Of(image);

        var error = Assert.ThrowsExactly<BootException>(() => KernelImage.Load(file, new LowMemory(memory.Memory)));

        StringAssert.StartsWith(error.Message, "The kernel /test/image ");
        StringAssert.Contains(error.Message, problem);
    }

    [TestMethod]
    public void Load_OverlappingSegments_AreRefused()
    {
        var image = SyntheticKernel.Elf(null);
        var segments = MemoryMarshal.Cast<byte, ElfProgramHeader>(image.AsSpan(64, 10 * 56));
        image[56] = 10;
        segments[0].MemorySize = 1 << 20;
        for (var i = 1; i < 10; i++)
            segments[i] = segments[0];
        using var memory = new TestMemory(4 << 20);
        using var file = TestImage.Of(image);

        var error = Assert.ThrowsExactly<BootException>(() => KernelImage.Load(file, new LowMemory(memory.Memory)));

        StringAssert.Contains(error.Message, "overlap");
    }

    [TestMethod]
    public void Headers_HaveTheSizesOfTheFormat()
    {
        Assert.AreEqual(64, Unsafe.SizeOf<ElfHeader>());
        Assert.AreEqual(56, Unsafe.SizeOf<ElfProgramHeader>());
    }
}
