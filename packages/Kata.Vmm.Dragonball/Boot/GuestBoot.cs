using System.Text;
using Kata.Virtio.Memory;
using Kata.Vmm.Dragonball.Boot.Acpi;
using Kata.Vmm.Dragonball.Boot.Images;
using Kata.Vmm.Dragonball.Boot.X64;

namespace Kata.Vmm.Dragonball.Boot;

/// <summary>Fills the memory of a machine before its first instruction.</summary>
internal static class GuestBoot
{
    /// <summary>Loads kernel and initrd, and writes everything the kernel looks for.</summary>
    /// <param name="memory">The machine's memory: from 0 on, and from 4 GiB on what does not fit below 3 GiB.</param>
    /// <param name="kernel">bzImage or ELF.</param>
    /// <param name="initrd">Initial RAM disk, or null.</param>
    /// <param name="commandLine">The whole kernel command line.</param>
    /// <param name="machine">What the ACPI tables tell.</param>
    /// <returns>What the first vCPU begins with: see <see cref="VcpuState"/>.</returns>
    /// <exception cref="BootException">Something cannot be booted, or does not fit.</exception>
    public static LoadedKernel Prepare(
        GuestMemory memory, ImageFile kernel, ImageFile? initrd, string commandLine, MachineDescription machine)
    {
        var low = new LowMemory(memory);
        var loaded = KernelImage.Load(kernel, low);
        var disk = initrd is null ? default : Initrd.Load(initrd, loaded, low);
        var commandLineLength = WriteCommandLine(low, commandLine, loaded.CommandLineLimit);
        var rsdp = AcpiTables.Write(low, machine);
        ResetStub.Write(low, machine.PowerPort);
        var map = MemoryMapEntry.Of(memory, low);
        if (loaded.Protocol == BootProtocol.Pvh)
        {
            PvhBootData.Write(low, disk, rsdp, map);
        }
        else
        {
            ZeroPage.Write(low, loaded, disk, commandLineLength, rsdp, map);
            PageTables.Write(low);
        }

        Segments.WriteTable(low, loaded.Protocol);
        return loaded;
    }

    private static int WriteCommandLine(LowMemory low, string commandLine, uint limit)
    {
        if (commandLine.Any(char.IsControl))
            throw new BootException("The kernel command line has line breaks or other control characters, which it cannot have.");
        var bytes = Encoding.UTF8.GetBytes(commandLine + '\0');
        var length = bytes.Length - 1;
        var most = Math.Min(limit, BootLayout.CommandLineCapacity - 1);
        if (length > most)
            throw new BootException($"The kernel command line has {length} bytes, {length - most} more than the kernel takes.");
        low.Write(BootLayout.CommandLine, bytes);
        return length;
    }
}
