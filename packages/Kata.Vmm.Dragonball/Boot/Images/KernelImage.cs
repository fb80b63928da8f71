namespace Kata.Vmm.Dragonball.Boot.Images;

/// <summary>Loads a kernel of whichever format the file turns out to have.</summary>
internal static class KernelImage
{
    private static ReadOnlySpan<byte> GzipMagic => [0x1F, 0x8B];

    /// <summary>Puts the kernel where it wants to be.</summary>
    /// <exception cref="BootException">It is no kernel for this machine, is damaged, or does not fit.</exception>
    public static LoadedKernel Load(ImageFile file, LowMemory memory)
    {
        Span<byte> head = stackalloc byte[BzImage.HeadLength];
        head = head[..(int)Math.Min(file.Length, BzImage.HeadLength)];
        file.Read(0, head, "its first bytes");
        if (ElfImage.IsElf(head))
            return ElfImage.Load(file, memory);
        if (BzImage.IsBzImage(head))
            return BzImage.Load(file, head, memory);
        throw file.Error(head.StartsWith(GzipMagic)
            ? "is compressed with gzip; unpack it, or use the bzImage (vmlinuz) of the same kernel"
            : "is neither a bzImage nor an ELF image (vmlinux) for x86-64");
    }
}
