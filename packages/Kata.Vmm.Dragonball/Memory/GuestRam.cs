using Kata.Abstractions;
using Kata.Linux;
using Kata.Virtio.Memory;
using Microsoft.Win32.SafeHandles;

namespace Kata.Vmm.Dragonball.Memory;

/// <summary>A machine's RAM: one mapping, seen by the guest below 3 GiB and, what does not fit there, from 4 GiB on.</summary>
internal sealed class GuestRam : IDisposable
{
    /// <summary>Where devices and chips begin.</summary>
    public const ulong HoleStart = 0xC000_0000;

    /// <summary>Where memory continues.</summary>
    public const ulong HoleEnd = 0x1_0000_0000;

    private readonly MemoryMapping _mapping;
    private readonly SafeFileHandle? _file;

    private GuestRam(MemoryMapping mapping, SafeFileHandle? file)
    {
        (_mapping, _file) = (mapping, file);
        var low = Math.Min(mapping.Length, HoleStart);
        var regions = new List<GuestMemoryRegion> { new(0, low, mapping, 0, file) };
        if (mapping.Length > low)
            regions.Add(new GuestMemoryRegion(HoleEnd, mapping.Length - low, mapping, (nuint)low, file));
        Memory = new GuestMemory(regions);
    }

    /// <summary>What the guest sees. Valid until disposal.</summary>
    public GuestMemory Memory { get; }

    /// <summary>Takes memory from the host.</summary>
    /// <param name="bytes">A multiple of 2 MiB.</param>
    /// <param name="prefault">All pages at once.</param>
    /// <exception cref="LinuxException">The host has not as much.</exception>
    /// <exception cref="MicroVmException">The host has not as many huge pages.</exception>
    public static GuestRam Allocate(ulong bytes, MicroVmMemoryBacking backing, bool prefault)
    {
        SafeFileHandle? file = null;
        MemoryMapping? mapping = null;
        try
        {
            if (backing == MicroVmMemoryBacking.Anonymous)
            {
                mapping = MemoryMapping.Anonymous((nuint)bytes);
            }
            else
            {
                file = MemoryFile.CreateSealed("guest-memory", (long)bytes, backing == MicroVmMemoryBacking.HugePages);
                mapping = MemoryMapping.Shared(file, 0, (nuint)bytes);
            }

            MemoryAdvice.ExcludeFromCoreDumps(mapping);
            // Touching a huge page that the host has not got would end the process: they are taken now, where lack of them is an error.
            if (prefault || backing == MicroVmMemoryBacking.HugePages)
                MemoryAdvice.Populate(mapping);
            return new GuestRam(mapping, file);
        }
        catch (LinuxException e)
        {
            mapping?.Dispose();
            file?.Dispose();
            if (backing != MicroVmMemoryBacking.HugePages)
                throw;
            throw new MicroVmException(
                $"The host has no {bytes >> 21} free pages of 2 MiB for the guest's memory; "
                + $"raise vm.nr_hugepages, or use another backing: {e.Message}.",
                e, KataErrorKind.ResourceExhausted);
        }
    }

    public void Dispose()
    {
        _mapping.Dispose();
        _file?.Dispose();
    }
}
