using System.Runtime.CompilerServices;
using System.Text;
using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Boot.Images;
using Kata.Vmm.Dragonball.Boot.X64;
using Kata.Vmm.Dragonball.Kvm;
using Kata.Vmm.Dragonball.Tests.Boot.Fakes;

namespace Kata.Vmm.Dragonball.Tests.Boot;

/// <summary>What lies in memory and registers when the first instruction runs.</summary>
[TestClass]
public sealed class BootDataTests
{
    private const ulong HighLength = 2 << 20;
    private const string CommandLine = "console=ttyS0 root=/dev/vda";

    private static readonly MachineDescription s_machine = new() { VcpuCount = 1, VirtioWindows = [] };

    [TestMethod]
    public void Prepare_BzImage_FillsTheZeroPage()
    {
        var image = SyntheticKernel.BzImage();
        using var memory = new TestMemory(8 << 20, HighLength);

        Prepare(memory, image, initrd: new byte[100]);

        var page = memory.Bytes(0x7000, 4096);
        // The setup header comes from the image, except for what the loader fills in.
        Assert.IsTrue(page[0x212..0x218].SequenceEqual(image.AsSpan(0x212, 6)));
        Assert.AreEqual(SyntheticKernel.InitSize, memory.Read<uint>(0x7260));
        Assert.AreEqual(0xAA55, memory.Read<ushort>(0x71FE));
        Assert.AreEqual("HdrS", Encoding.ASCII.GetString(page[0x202..0x206]));
        Assert.AreEqual(0, page[0x1EF], "the sentinel says that the page was not cleared");
        Assert.AreEqual(0xFF, page[0x210]);
        Assert.AreEqual((8u << 20) - 0x1000, memory.Read<uint>(0x7218));
        Assert.AreEqual(100u, memory.Read<uint>(0x721C));
        Assert.AreEqual(0ul, memory.Read<ulong>(0x70C0), "upper halves of the initrd's address and size");
        Assert.AreEqual(0x2_0000u, memory.Read<uint>(0x7228));
        Assert.AreEqual((uint)CommandLine.Length, memory.Read<uint>(0x7238));
        Assert.AreEqual(CommandLine + '\0', Encoding.ASCII.GetString(memory.Bytes(0x2_0000, CommandLine.Length + 1)));
        Assert.AreEqual(0xE_0000ul, memory.Read<ulong>(0x7070), "acpi_rsdp_addr");

        Assert.AreEqual(3, page[0x1E8]);
        CollectionAssert.AreEqual(
            new (ulong, ulong, uint)[] { (0, 0x9_FC00, 1), (0x10_0000, 7 << 20, 1), (1UL << 32, HighLength, 1) },
            Enumerable.Range(0, 3).Select(i => 0x72D0 + (20UL * (uint)i))
                .Select(at => (memory.Read<ulong>(at), memory.Read<ulong>(at + 8), memory.Read<uint>(at + 16))).ToArray());
    }

    [TestMethod]
    public void Prepare_Twice_SeedsDiffer()
    {
        var seeds = Enumerable.Range(0, 2).Select(_ =>
        {
            using var memory = new TestMemory(8 << 20);
            Prepare(memory, SyntheticKernel.BzImage());
            var seed = memory.Read<ulong>(0x7250);
            Assert.AreEqual(0ul, memory.Read<ulong>(seed), "there is one entry");
            Assert.AreEqual(9u, memory.Read<uint>(seed + 8));
            Assert.AreEqual(32u, memory.Read<uint>(seed + 12));
            return Convert.ToHexString(memory.Bytes(seed + 16, 32));
        }).ToArray();

        Assert.AreNotEqual(seeds[0], seeds[1]);
        Assert.AreNotEqual(new string('0', 64), seeds[0]);
    }

    [TestMethod]
    public void Prepare_Elf64_MakesASetupHeader()
    {
        using var memory = new TestMemory(8 << 20);

        var kernel = Prepare(memory, SyntheticKernel.Elf(null));

        Assert.AreEqual(BootProtocol.Linux64, kernel.Protocol);
        Assert.AreEqual("HdrS", Encoding.ASCII.GetString(memory.Bytes(0x7202, 4)));
        Assert.AreEqual(1, memory.Read<byte>(0x7211) & 1);
        Assert.AreEqual(0u, memory.Read<uint>(0x721C), "there is no initrd");
    }

    [TestMethod]
    public void Prepare_Pvh_FillsStartInfo()
    {
        using var memory = new TestMemory(8 << 20, HighLength);

        var kernel = Prepare(memory, SyntheticKernel.Elf([0x40, 0, 0x20, 0]), initrd: new byte[100]);

        var registers = VcpuState.General(kernel);
        Assert.AreEqual(SyntheticKernel.Address + 0x40, registers.Rip);
        var info = memory.Read<PvhStartInfo>(registers.Rbx);
        Assert.AreEqual(0x336EC578u, info.Magic);
        Assert.AreEqual(1u, info.Version);
        Assert.AreEqual(1u, info.ModuleCount);
        Assert.AreEqual(new PvhModule { Address = (8 << 20) - 0x1000, Size = 100 }, memory.Read<PvhModule>(info.ModuleList));
        Assert.AreEqual(CommandLine + '\0', Encoding.ASCII.GetString(memory.Bytes(info.CommandLine, CommandLine.Length + 1)));
        Assert.AreEqual("RSD PTR ", Encoding.ASCII.GetString(memory.Bytes(info.Rsdp, 8)));
        Assert.AreEqual(3u, info.MemoryMapEntries);
        Assert.AreEqual(
            new PvhMemoryMapEntry { Address = 1UL << 32, Size = HighLength, Type = 1 }, memory.Read<PvhMemoryMapEntry>(info.MemoryMap + 48));
    }

    [TestMethod]
    public void Prepare_Linux64_MapsFourGiBToThemselves()
    {
        using var memory = new TestMemory(8 << 20);
        var kernel = Prepare(memory, SyntheticKernel.BzImage());
        KvmSregs sregs = default;
        VcpuState.SetSystem(ref sregs, kernel);

        foreach (var address in new ulong[] { 0, 0x7123, 0x1F_FFFF, 0x20_0000, 0x3FFF_FFFF, 0x4000_0000, 0xBFFF_F123, 0xFEE0_0000, 0xFFFF_FFFF })
            Assert.AreEqual(address, Walk(memory, sregs.Cr3, address));
        Assert.IsNull(Walk(memory, sregs.Cr3, 1UL << 32));
    }

    [TestMethod]
    public void Prepare_EachProtocol_TableAgreesWithSegments()
    {
        foreach (var image in new[] { SyntheticKernel.BzImage(), SyntheticKernel.Elf([0x40, 0, 0x20, 0]) })
        {
            using var memory = new TestMemory(8 << 20);
            var kernel = Prepare(memory, image);
            KvmSregs sregs = default;
            VcpuState.SetSystem(ref sregs, kernel);

            foreach (var segment in new[] { sregs.Cs, sregs.Ds, sregs.Ss, sregs.Tr })
            {
                Assert.IsTrue(segment.Selector + 7 <= sregs.Gdt.Limit);
                var descriptor = memory.Read<ulong>(sregs.Gdt.Base + segment.Selector);
                var limit = (uint)((descriptor & 0xFFFF) | ((descriptor >> 32) & 0xF_0000));
                Assert.AreEqual(segment.Limit, (descriptor >> 55 & 1) == 1 ? (limit << 12) | 0xFFF : limit);
                Assert.AreEqual(segment.Type, (byte)(descriptor >> 40 & 0xF));
                Assert.AreEqual(segment.S, (byte)(descriptor >> 44 & 1));
                Assert.AreEqual(segment.Present, (byte)(descriptor >> 47 & 1));
                Assert.AreEqual(segment.L, (byte)(descriptor >> 53 & 1));
                Assert.AreEqual(segment.Db, (byte)(descriptor >> 54 & 1));
            }

            var longMode = kernel.Protocol == BootProtocol.Linux64;
            Assert.AreEqual(longMode ? (1, 0) : (0, 1), (sregs.Cs.L, sregs.Cs.Db));
            Assert.AreEqual(longMode, (sregs.Cr0 >> 31 & 1) == 1, "paging");
            Assert.AreEqual(longMode ? 0x500ul : 0, sregs.Efer);
        }
    }

    [TestMethod]
    public void Prepare_Always_HasAResetStub()
    {
        using var memory = new TestMemory(8 << 20);
        Prepare(memory, SyntheticKernel.BzImage());

        CollectionAssert.AreEqual(
            new byte[] { 0xBA, 0x00, 0x06, 0xB0, 0x01, 0xEE, 0xF4, 0xEB, 0xFD }, memory.Bytes(0xF_FFF0, 9).ToArray());
    }

    [TestMethod]
    public void Prepare_BadCommandLine_SaysSo()
    {
        using var memory = new TestMemory(8 << 20);

        StringAssert.Contains(
            Assert.ThrowsExactly<BootException>(() => Prepare(memory, SyntheticKernel.BzImage(), commandLine: new string('x', 2050))).Message,
            "2050 bytes, 3 more than the kernel takes");
        StringAssert.Contains(
            Assert.ThrowsExactly<BootException>(() => Prepare(memory, SyntheticKernel.BzImage(), commandLine: "a\nb")).Message, "line breaks");
        Prepare(memory, SyntheticKernel.BzImage(), commandLine: new string('x', 2047));
    }

    [TestMethod]
    public void SetLocalApic_OfResetState_WiresBothInputs()
    {
        KvmLapicState lapic = default;
        VcpuState.SetLocalApic(ref lapic);
        unsafe
        {
            Assert.AreEqual(0x07, lapic.Registers[0x351], "LINT0 delivers ExtINT");
            Assert.AreEqual(0x04, lapic.Registers[0x361], "LINT1 delivers NMI");
        }
    }

    [TestMethod]
    public void Structures_HaveTheSizesOfTheirHeaders()
    {
        Assert.AreEqual(56, Unsafe.SizeOf<PvhStartInfo>());
        Assert.AreEqual(32, Unsafe.SizeOf<PvhModule>());
        Assert.AreEqual(PvhMemoryMapEntry.Length, Unsafe.SizeOf<PvhMemoryMapEntry>());
    }

    private static LoadedKernel Prepare(TestMemory memory, byte[] kernel, byte[]? initrd = null, string commandLine = CommandLine)
    {
        using var kernelFile = TestImage.Of(kernel);
        using var initrdFile = initrd is null ? null : TestImage.Of(initrd, "initrd");
        return GuestBoot.Prepare(memory.Memory, kernelFile, initrdFile, commandLine, s_machine);
    }

    /// <summary>What an MMU does with four levels; null when nothing is mapped.</summary>
    private static ulong? Walk(TestMemory memory, ulong table, ulong address)
    {
        for (var shift = 39; ; shift -= 9)
        {
            var entry = memory.Read<ulong>((table & ~0xFFFul) + ((address >> shift & 0x1FF) * 8));
            if ((entry & 3) != 3)
                return null;
            var isPage = shift == 12 || (entry & 0x80) != 0;
            var inPage = (1UL << shift) - 1;
            table = entry & 0x000F_FFFF_FFFF_F000;
            if (isPage)
                return (table & ~inPage) | (address & inPage);
        }
    }
}
