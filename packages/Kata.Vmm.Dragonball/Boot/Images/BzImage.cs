using System.Buffers.Binary;

namespace Kata.Vmm.Dragonball.Boot.Images;

/// <summary>
/// Linux's bzImage, begun at its 64-bit entry point (Documentation/arch/x86/boot.rst): the guest unpacks itself. Offsets are those of the
/// setup header.
/// </summary>
internal static class BzImage
{
    /// <summary>Bytes of a file that hold every field of the setup header.</summary>
    public const int HeadLength = 1024;

    /// <summary>Where the setup header begins, in the file and in the zero page.</summary>
    public const int HeaderStart = 0x1F1;

    /// <summary>Where the zero page has something else after the setup header.</summary>
    public const int HeaderLimit = 0x290;

    /// <summary>2.12, the first version with xloadflags.</summary>
    private const ushort OldestVersion = 0x020C;

    private const int Sector = 512;
    private const int DefaultSetupSectors = 4;
    private const ulong Entry64 = 0x200;
    private const byte LoadedHigh = 1;
    private const ushort Kernel64 = 1;

    public static bool IsBzImage(ReadOnlySpan<byte> head) =>
        head.Length == HeadLength && U16(head, 0x1FE) == 0xAA55 && head.Slice(0x202, 4).SequenceEqual("HdrS"u8);

    /// <summary>Loads the protected-mode part to the address it prefers.</summary>
    /// <exception cref="BootException">It is not for this machine, is damaged, or does not fit.</exception>
    public static LoadedKernel Load(ImageFile file, ReadOnlySpan<byte> head, LowMemory memory)
    {
        var version = U16(head, 0x206);
        if (version < OldestVersion)
        {
            throw file.Error(
                $"speaks version {version >> 8}.{version & 0xFF} of the boot protocol; 2.12 (Linux 3.8) is the oldest this machine boots");
        }

        if ((head[0x211] & LoadedHigh) == 0 || (U16(head, 0x236) & Kernel64) == 0)
            throw file.Error("has no 64-bit entry point; use a kernel built for x86-64");
        var headerEnd = 0x202 + head[0x201];
        if (headerEnd is < 0x264 or > HeaderLimit)
            throw file.Error($"has a setup header that ends at 0x{headerEnd:x}, which version {version >> 8}.{version & 0xFF} rules out");

        var setupSectors = head[HeaderStart] == 0 ? DefaultSetupSectors : head[HeaderStart];
        var offset = (ulong)((setupSectors + 1) * Sector);
        // In units of 16 bytes. What follows in the file, such as a signature, is loaded, too; the guest ignores it.
        var announced = U32(head, 0x1F4) * 16UL;
        if (file.Length <= offset || file.Length - offset < announced)
            throw file.Error($"has {file.Length} bytes where its header announces {offset + announced}; it is truncated");
        var length = file.Length - offset;

        var address = U64(head, 0x258);
        var alignment = U32(head, 0x230);
        if (!ulong.IsPow2(alignment) || address % alignment != 0 || address < BootLayout.HighMemoryStart)
            throw file.Error($"prefers the address 0x{address:x} with an alignment of 0x{alignment:x}, where no kernel can be");
        var needed = Math.Max(U32(head, 0x260), length);
        if (!memory.Contains(address, needed))
            throw file.DoesNotFit(memory, address, needed, "unpacking itself");
        file.Load(offset, length, memory, address, "the kernel proper");

        return new LoadedKernel(BootProtocol.Linux64, address + Entry64, address + needed)
        {
            CommandLineLimit = U32(head, 0x238),
            InitrdLastAddress = U32(head, 0x22C),
            SetupHeader = head[HeaderStart..headerEnd].ToArray(),
        };
    }

    private static ushort U16(ReadOnlySpan<byte> head, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(head[offset..]);

    private static uint U32(ReadOnlySpan<byte> head, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(head[offset..]);

    private static ulong U64(ReadOnlySpan<byte> head, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(head[offset..]);
}
