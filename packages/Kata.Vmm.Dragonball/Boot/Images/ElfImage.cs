using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Boot.Images;

/// <summary>
/// An uncompressed kernel (vmlinux): segments go to their physical addresses. Begins at the PVH entry point when a note names one, which
/// spares the page tables, otherwise at the 64-bit entry point.
/// </summary>
internal static class ElfImage
{
    private const uint Magic = 0x464C457F;
    private const byte Class64 = 2;
    private const byte LittleEndian = 1;
    private const ushort Executable = 2;
    private const ushort SharedObject = 3;
    private const ushort MachineX64 = 62;

    /// <summary>Kernels have about five.</summary>
    private const int MaxProgramHeaders = 64;

    /// <summary>A kernel's notes take less than a page.</summary>
    private const int MaxNoteBytes = 0x10000;

    /// <summary>XEN_ELFNOTE_PHYS32_ENTRY.</summary>
    private const uint PvhEntryNote = 18;

    private static ReadOnlySpan<byte> XenNoteName => "Xen\0"u8;

    public static bool IsElf(ReadOnlySpan<byte> head) =>
        head.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32LittleEndian(head) == Magic;

    /// <summary>Loads the segments.</summary>
    /// <exception cref="BootException">It is not for this machine, is damaged, or does not fit.</exception>
    public static LoadedKernel Load(ImageFile file, LowMemory memory)
    {
        var header = ReadHeader(file);
        Span<ElfProgramHeader> segments = stackalloc ElfProgramHeader[MaxProgramHeaders];
        segments = segments[..header.ProgramHeaderCount];
        file.Read(header.ProgramHeaderOffset, MemoryMarshal.AsBytes(segments), "its program headers");

        ulong? pvhEntry = null;
        // Segments that overlap would let a small file keep the host busy for long.
        ulong end = 0, total = 0;
        foreach (ref readonly var segment in segments)
        {
            if (segment.Type == ElfProgramHeader.Note)
                pvhEntry ??= FindPvhEntry(file, segment);
            if (segment.Type != ElfProgramHeader.Load || segment is { MemorySize: 0, FileSize: 0 })
                continue;
            CheckSegment(file, segment, memory);
            total += segment.MemorySize;
            if (total > memory.End)
                throw file.Error("has segments that overlap");
            file.Load(segment.Offset, segment.FileSize, memory, segment.PhysicalAddress, "a segment");
            memory.Clear(segment.PhysicalAddress + segment.FileSize, segment.MemorySize - segment.FileSize);
            end = Math.Max(end, segment.PhysicalAddress + segment.MemorySize);
        }

        var entry = pvhEntry ?? header.Entry;
        if (!IsLoaded(segments, entry))
            throw file.Error($"begins at 0x{entry:x}, where none of its segments is");
        return new LoadedKernel(pvhEntry is null ? BootProtocol.Linux64 : BootProtocol.Pvh, entry, end);
    }

    private static ElfHeader ReadHeader(ImageFile file)
    {
        ElfHeader header = default;
        file.Read(0, MemoryMarshal.AsBytes(new Span<ElfHeader>(ref header)), "its ELF header");
        if (header.Class != Class64 || header.Data != LittleEndian || header.Machine != MachineX64)
            throw file.Error("is not for x86-64");
        if (header.Type is not (Executable or SharedObject))
            throw file.Error($"is an ELF file of type {header.Type}, not an executable; use vmlinux, not a part of it");
        if (header.ProgramHeaderSize != Unsafe.SizeOf<ElfProgramHeader>() || header.ProgramHeaderCount is 0 or > MaxProgramHeaders)
        {
            throw file.Error(
                $"has {header.ProgramHeaderCount} program headers of {header.ProgramHeaderSize} bytes; "
                + $"1 to {MaxProgramHeaders} of 56 are possible");
        }

        return header;
    }

    private static void CheckSegment(ImageFile file, in ElfProgramHeader segment, LowMemory memory)
    {
        if (segment.FileSize > segment.MemorySize)
            throw file.Error($"has a segment of 0x{segment.MemorySize:x} bytes with 0x{segment.FileSize:x} bytes of content");
        if (segment.PhysicalAddress < BootLayout.HighMemoryStart)
            throw file.Error($"has a segment at 0x{segment.PhysicalAddress:x}; kernels are loaded above 1 MiB");
        if (!memory.Contains(segment.PhysicalAddress, segment.MemorySize))
            throw file.DoesNotFit(memory, segment.PhysicalAddress, segment.MemorySize, "a segment");
    }

    private static bool IsLoaded(ReadOnlySpan<ElfProgramHeader> segments, ulong address)
    {
        foreach (ref readonly var segment in segments)
        {
            var start = segment.PhysicalAddress;
            if (segment.Type == ElfProgramHeader.Load && address >= start && address - start < segment.FileSize)
                return true;
        }

        return false;
    }

    private static ulong? FindPvhEntry(ImageFile file, in ElfProgramHeader segment)
    {
        if (segment.FileSize > MaxNoteBytes)
            throw file.Error($"has 0x{segment.FileSize:x} bytes of notes; 0x{MaxNoteBytes:x} are the most a kernel can have here");
        var notes = new byte[segment.FileSize].AsSpan();
        file.Read(segment.Offset, notes, "its notes");
        // Elf64_Nhdr: size of the name, size of the description, type; both padded to 4 bytes.
        while (notes.Length >= 12)
        {
            var nameLength = BinaryPrimitives.ReadUInt32LittleEndian(notes);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
            var type = BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]);
            notes = notes[12..];
            var paddedName = (nameLength + 3UL) & ~3UL;
            if (paddedName + length > (ulong)notes.Length)
                throw file.Error("has a note that does not fit into its segment");
            var description = notes.Slice((int)paddedName, (int)length);
            if (type == PvhEntryNote && notes[..(int)nameLength].SequenceEqual(XenNoteName))
            {
                return description.Length switch
                {
                    sizeof(uint) => BinaryPrimitives.ReadUInt32LittleEndian(description),
                    sizeof(ulong) => BinaryPrimitives.ReadUInt64LittleEndian(description),
                    _ => throw file.Error($"has a PVH entry point of {description.Length} bytes; 4 or 8 are possible"),
                };
            }

            notes = notes[(int)Math.Min(paddedName + ((length + 3UL) & ~3UL), (ulong)notes.Length)..];
        }

        return null;
    }
}
