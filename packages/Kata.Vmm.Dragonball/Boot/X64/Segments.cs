using Kata.Vmm.Dragonball.Boot.Images;
using Kata.Vmm.Dragonball.Kvm;

namespace Kata.Vmm.Dragonball.Boot.X64;

/// <summary>The segments a kernel begins with: flat, in registers and in a descriptor table that agrees with them.</summary>
internal static class Segments
{
    private const byte CodeReadAccessed = 11;
    private const byte DataWriteAccessed = 3;
    private const byte BusyTss = 11;

    /// <summary>Bytes of the table: five descriptors, of which that of the task takes two places in long mode.</summary>
    private const int TableLength = 6 * sizeof(ulong);

    /// <summary>Linux demands selectors 0x10 and 0x18 (__BOOT_CS, __BOOT_DS); PVH has none in mind.</summary>
    public static KvmSegment Code(BootProtocol protocol)
    {
        var segment = Flat(CodeReadAccessed, 0x10);
        segment.L = protocol == BootProtocol.Linux64 ? (byte)1 : (byte)0;
        segment.Db = (byte)(1 - segment.L);
        return segment;
    }

    public static KvmSegment Data()
    {
        var segment = Flat(DataWriteAccessed, 0x18);
        segment.Db = 1;
        return segment;
    }

    public static KvmSegment Task() => new() { Limit = 0x67, Selector = 0x20, Type = BusyTss, Present = 1 };

    /// <summary>The register of the table that <see cref="WriteTable"/> writes.</summary>
    public static KvmDtable Register => new() { Base = BootLayout.Gdt, Limit = TableLength - 1 };

    public static void WriteTable(LowMemory memory, BootProtocol protocol)
    {
        memory.Clear(BootLayout.Gdt, TableLength);
        foreach (var segment in new[] { Code(protocol), Data(), Task() })
            memory.Write(BootLayout.Gdt + segment.Selector, Descriptor(segment));
    }

    private static KvmSegment Flat(byte type, ushort selector) =>
        new() { Limit = uint.MaxValue, Selector = selector, Type = type, Present = 1, S = 1, G = 1 };

    private static ulong Descriptor(in KvmSegment segment)
    {
        var limit = segment.G == 1 ? segment.Limit >> 12 : segment.Limit;
        var access = (uint)(segment.Type | (segment.S << 4) | (segment.Dpl << 5) | (segment.Present << 7));
        var flags = (uint)(segment.Avl | (segment.L << 1) | (segment.Db << 2) | (segment.G << 3));
        return (limit & 0xFFFF) | ((segment.Base & 0xFF_FFFF) << 16) | ((ulong)access << 40)
            | ((ulong)(limit >> 16) << 48) | ((ulong)flags << 52) | ((segment.Base >> 24) << 56);
    }
}
