using System.Buffers.Binary;
using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Boot.Images;
using Kata.Vmm.Dragonball.Tests.Boot.Fakes;

namespace Kata.Vmm.Dragonball.Tests.Boot;

[TestClass]
public sealed class BzImageTests
{
    [TestMethod]
    public void Load_GoodImage_LiesWhereItPrefers()
    {
        var image = SyntheticKernel.BzImage();
        using var memory = new TestMemory(4 << 20);
        using var file = TestImage.Of(image);

        var kernel = KernelImage.Load(file, new LowMemory(memory.Memory));

        Assert.AreEqual(BootProtocol.Linux64, kernel.Protocol);
        Assert.AreEqual(SyntheticKernel.Address + 0x200, kernel.EntryPoint);
        Assert.AreEqual(SyntheticKernel.Address + SyntheticKernel.InitSize, kernel.End);
        Assert.AreEqual(2047u, kernel.CommandLineLimit);
        Assert.AreEqual(0x7FFF_FFFFul, kernel.InitrdLastAddress);
        Assert.IsTrue(memory.Bytes(SyntheticKernel.Address, SyntheticKernel.PayloadLength).SequenceEqual(image.AsSpan(1024)));
        Assert.IsTrue(kernel.SetupHeader!.Value.Span.SequenceEqual(image.AsSpan(0x1F1, 0x202 + 0x6A - 0x1F1)));
    }

    [TestMethod]
    [DataRow(0x206, 0x020Bu, "version 2.11")]
    [DataRow(0x211, 0u, "no 64-bit entry point")]
    [DataRow(0x236, 0u, "no 64-bit entry point")]
    [DataRow(0x201, 0x10u, "setup header that ends at 0x212")]
    [DataRow(0x201, 0xFFu, "setup header that ends at 0x301")]
    [DataRow(0x1F4, 0xFFFF_FFFFu, "it is truncated")]
    [DataRow(0x258, 0x1000u, "prefers the address 0x1000")]
    [DataRow(0x258, 0x21_0000u, "prefers the address 0x210000")]
    [DataRow(0x25C, 0xFFFF_FFFFu, "does not fit into the machine's memory")]
    [DataRow(0x230, 0u, "an alignment of 0x0")]
    [DataRow(0x260, 0xFFFF_FFFFu, "does not fit into the machine's memory")]
    [DataRow(0x202, 0u, "neither a bzImage nor an ELF image")]
    public void Load_BadHeader_NamesFileAndProblem(int offset, uint value, string problem)
    {
        var image = SyntheticKernel.BzImage();
        // One-byte fields keep their neighbours.
        if (value <= byte.MaxValue && offset is 0x201 or 0x211 or 0x236)
            image[offset] = (byte)value;
        else if (offset == 0x206)
            BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(offset), (ushort)value);
        else
            SyntheticKernel.Put(image, offset, value);
        using var memory = new TestMemory(4 << 20);
        using var file = TestImage.Of(image);

        var error = Assert.ThrowsExactly<BootException>(() => KernelImage.Load(file, new LowMemory(memory.Memory)));

        StringAssert.StartsWith(error.Message, "The kernel /test/image ");
        StringAssert.Contains(error.Message, problem);
    }

    [TestMethod]
    public void Open_WhatIsNoFile_SaysSo()
    {
        StringAssert.Contains(Assert.ThrowsExactly<BootException>(() => ImageFile.Open("/nonexistent/vmlinuz", "kernel")).Message, "/nonexistent/vmlinuz");
        StringAssert.Contains(Assert.ThrowsExactly<BootException>(() => ImageFile.Open("/dev/zero", "kernel")).Message, "not a regular file");
        StringAssert.Contains(Assert.ThrowsExactly<BootException>(() => ImageFile.Open("/", "initrd")).Message, "The initrd /");
    }

    [TestMethod]
    public void Load_Gzip_TellsWhatToDo()
    {
        using var memory = new TestMemory(4 << 20);
        using var file = TestImage.Of([0x1F, 0x8B, 8, 0]);

        var error = Assert.ThrowsExactly<BootException>(() => KernelImage.Load(file, new LowMemory(memory.Memory)));

        StringAssert.Contains(error.Message, "unpack it");
    }
}
