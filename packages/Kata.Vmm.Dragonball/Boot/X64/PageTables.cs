using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Boot.X64;

/// <summary>Maps the first 4 GiB to themselves in pages of 2 MiB, for a kernel that begins in long mode.</summary>
internal static class PageTables
{
    private const ulong PageSize = 0x1000;
    private const int Entries = 512;
    private const int Directories = 4;
    private const ulong Table = 0x3; // present, writable
    private const ulong LargePage = 0x83; // and a page of 2 MiB

    public static void Write(LowMemory memory)
    {
        const ulong pointers = BootLayout.PageTables + PageSize;
        const ulong directories = pointers + PageSize;
        memory.Clear(BootLayout.PageTables, 2 * PageSize);
        memory.Write(BootLayout.PageTables, pointers | Table);
        for (var i = 0UL; i < Directories; i++)
            memory.Write(pointers + (i * sizeof(ulong)), (directories + (i * PageSize)) | Table);
        var pages = MemoryMarshal.Cast<byte, ulong>(memory.Piece(directories, Directories * PageSize));
        for (var i = 0; i < Directories * Entries; i++)
            pages[i] = ((ulong)i << 21) | LargePage;
    }
}
