using Kata.Vmm.Dragonball.Boot.Images;

namespace Kata.Vmm.Dragonball.Boot.X64;

/// <summary>What a kernel begun at its PVH entry point finds: hvm_start_info, the initrd as the only module, and the memory map.</summary>
internal static class PvhBootData
{
    public static void Write(LowMemory memory, Initrd initrd, ulong rsdp, IReadOnlyList<MemoryMapEntry> map)
    {
        var hasInitrd = initrd.Length > 0;
        if (hasInitrd)
            memory.Write(BootLayout.PvhModules, new PvhModule { Address = initrd.Address, Size = initrd.Length });
        var address = BootLayout.PvhMemoryMap;
        foreach (var entry in map)
        {
            memory.Write(address, new PvhMemoryMapEntry { Address = entry.Address, Size = entry.Size, Type = MemoryMapEntry.Ram });
            address += PvhMemoryMapEntry.Length;
        }

        memory.Write(BootLayout.PvhStartInfo, new PvhStartInfo
        {
            Magic = PvhStartInfo.MagicValue,
            Version = 1,
            ModuleCount = hasInitrd ? 1u : 0,
            ModuleList = hasInitrd ? BootLayout.PvhModules : 0,
            CommandLine = BootLayout.CommandLine,
            Rsdp = rsdp,
            MemoryMap = BootLayout.PvhMemoryMap,
            MemoryMapEntries = (uint)map.Count,
        });
    }
}
