namespace Kata.Vmm.Dragonball.Boot.Images;

/// <summary>An initial RAM disk in guest memory.</summary>
/// <param name="Address">First byte, at a page.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct Initrd(ulong Address, ulong Length)
{
    private const ulong PageMask = 0xFFF;

    /// <summary>Loads a file as high in low memory as the kernel takes it.</summary>
    /// <exception cref="BootException">It does not fit above the kernel.</exception>
    public static Initrd Load(ImageFile file, LoadedKernel kernel, LowMemory memory)
    {
        var top = Math.Min(memory.End, kernel.InitrdLastAddress + 1);
        var address = (top - Math.Min(file.Length, top)) & ~PageMask;
        if (address < kernel.End)
        {
            var missing = (kernel.End - address + (1 << 20) - 1) >> 20;
            throw file.Error(
                $"does not fit: the kernel uses memory up to 0x{kernel.End:x}, "
                + $"the initrd has 0x{file.Length:x} bytes and must end by 0x{top:x}; "
                + $"give the machine at least {missing} MiB more memory, or use a smaller initrd");
        }

        file.Load(0, file.Length, memory, address, "the initrd");
        return new Initrd(address, file.Length);
    }
}
