using System.Buffers.Binary;
using Kata.Linux;
using Kata.Vmm.Dragonball.Boot.Images;

namespace Kata.Vmm.Dragonball.Boot.X64;

/// <summary>
/// struct boot_params of Linux's 64-bit boot protocol (Documentation/arch/x86/zero-page.rst), and the random seed it points to.
/// </summary>
internal static class ZeroPage
{
    private const int Size = 0x1000;
    private const byte UnknownLoader = 0xFF;
    private const byte LoadedHigh = 1;
    private const int MapEntrySize = 20;
    private const int MostMapEntries = 128;

    /// <summary>SETUP_RNG_SEED: the guest's generator is ready at once, without waiting for interrupts to gather entropy.</summary>
    private const uint SetupRngSeed = 9;
    private const int SeedHeaderLength = 16;
    private const int SeedLength = 32;

    public static void Write(
        LowMemory memory, LoadedKernel kernel, Initrd initrd, int commandLineLength, ulong rsdp, IReadOnlyList<MemoryMapEntry> map)
    {
        var page = memory.Piece(BootLayout.ZeroPage, Size);
        page.Clear();
        WriteSetupHeader(page, kernel);
        page[0x210] = UnknownLoader;
        page[0x211] |= LoadedHigh;
        U64(page, 0x070, rsdp);
        Split(page, 0x218, 0x0C0, initrd.Address);
        Split(page, 0x21C, 0x0C4, initrd.Length);
        Split(page, 0x228, 0x0C8, BootLayout.CommandLine);
        U32(page, 0x238, (uint)commandLineLength);
        U64(page, 0x250, WriteSeed(memory));

        var count = Math.Min(map.Count, MostMapEntries);
        page[0x1E8] = (byte)count;
        for (var i = 0; i < count; i++)
        {
            var entry = page.Slice(0x2D0 + (i * MapEntrySize), MapEntrySize);
            U64(entry, 0, map[i].Address);
            U64(entry, 8, map[i].Size);
            U32(entry, 16, MemoryMapEntry.Ram);
        }
    }

    private static void WriteSetupHeader(Span<byte> page, LoadedKernel kernel)
    {
        if (kernel.SetupHeader is { } header)
        {
            header.Span.CopyTo(page[BzImage.HeaderStart..]);
            return;
        }

        // An ELF image has none; the kernel looks at the version before it reads newer fields.
        BinaryPrimitives.WriteUInt16LittleEndian(page[0x1FE..], 0xAA55);
        "HdrS"u8.CopyTo(page[0x202..]);
        BinaryPrimitives.WriteUInt16LittleEndian(page[0x206..], 0x020F);
        U32(page, 0x230, 0x100_0000);
    }

    private static unsafe ulong WriteSeed(LowMemory memory)
    {
        // struct setup_data: address of the next, type, length, data.
        var seed = memory.Piece(BootLayout.SetupData, SeedHeaderLength + SeedLength);
        U64(seed, 0, 0);
        U32(seed, 8, SetupRngSeed);
        U32(seed, 12, SeedLength);
        fixed (byte* data = seed[SeedHeaderLength..])
            RandomSource.Fill(new NativeBuffer((nint)data, SeedLength));
        return BootLayout.SetupData;
    }

    private static void Split(Span<byte> page, int low, int high, ulong value)
    {
        U32(page, low, (uint)value);
        U32(page, high, (uint)(value >> 32));
    }

    private static void U32(Span<byte> page, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(page[offset..], value);

    private static void U64(Span<byte> page, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(page[offset..], value);
}
