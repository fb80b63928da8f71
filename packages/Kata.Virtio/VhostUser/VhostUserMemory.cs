using Kata.Linux;
using Kata.Virtio.Memory;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.VhostUser;

/// <summary>The guest's memory as the front end shared it: owns the mappings, and translates the front end's own addresses.</summary>
internal sealed class VhostUserMemory : IDisposable
{
    // Mappings begin at a multiple of the largest page size in use, so that files of huge pages map too.
    private const ulong MappingAlignment = 1UL << 30;
    private const uint FileTypeMask = 0xF000;
    private const uint RegularFile = 0x8000;

    private readonly List<(GuestMemoryRegion Region, ulong UserAddress)> _regions = [];

    /// <summary>A new object after each change.</summary>
    public GuestMemory View { get; private set; } = new([]);

    public int RegionCount => _regions.Count;

    /// <summary>Maps and adds the region described at <paramref name="offset"/> of a message (guest address, size, front-end address, file offset).</summary>
    /// <exception cref="VhostUserException">The region overlaps another one, or the file is too short for it.</exception>
    public void Add(VhostUserMessage message, int offset, SafeFileHandle file)
    {
        using (file)
        {
            var (guest, size, user, fileOffset) = (message.ReadUInt64(offset), message.ReadUInt64(offset + 8), message.ReadUInt64(offset + 16), message.ReadUInt64(offset + 24));
            if (_regions.Count == VhostUserProtocol.MaxRegions)
                throw new VhostUserException($"More than {VhostUserProtocol.MaxRegions} memory regions.");
            if (size == 0 || guest > ulong.MaxValue - size || user > ulong.MaxValue - size || fileOffset > long.MaxValue - Math.Min(size, long.MaxValue))
                throw new VhostUserException($"The memory region at 0x{guest:x} of 0x{size:x} bytes is empty or wraps around.");
            if (_regions.Exists(other => guest < other.Region.End && other.Region.Start < guest + size))
                throw new VhostUserException($"The memory region at 0x{guest:x} of 0x{size:x} bytes overlaps another one.");
            // Touching a mapping beyond the end of its file kills the process. A VMM seals its memory file against shrinking.
            var status = FileDescriptors.Status(file);
            if ((status.Mode & FileTypeMask) != RegularFile || (ulong)status.Size < fileOffset + size)
                throw new VhostUserException($"The memory region at 0x{guest:x} needs {fileOffset + size} bytes of a memory file that has {status.Size}.");
            var mapped = fileOffset & ~(MappingAlignment - 1);
            var mapping = MemoryMapping.Shared(file, (long)mapped, (nuint)(fileOffset - mapped + size));
            _regions.Add((new GuestMemoryRegion(guest, size, mapping, (nuint)(fileOffset - mapped)), user));
        }

        View = new GuestMemory(_regions.Select(entry => entry.Region));
    }

    /// <summary>Takes the region out that matches the description in all but the file offset. The caller disposes it when no queue uses it any more.</summary>
    public GuestMemoryRegion Remove(VhostUserMessage message, int offset)
    {
        var (guest, size, user) = (message.ReadUInt64(offset), message.ReadUInt64(offset + 8), message.ReadUInt64(offset + 16));
        var index = _regions.FindIndex(entry => entry.Region.Start == guest && entry.Region.Length == size && entry.UserAddress == user);
        if (index < 0)
            throw new VhostUserException($"There is no memory region at 0x{guest:x} of 0x{size:x} bytes to remove.");
        var removed = _regions[index].Region;
        _regions.RemoveAt(index);
        View = new GuestMemory(_regions.Select(entry => entry.Region));
        return removed;
    }

    /// <summary>The guest-physical address of an address of the front end; null when it shared no memory there.</summary>
    public ulong? ToGuestAddress(ulong userAddress)
    {
        foreach (var (region, user) in _regions)
        {
            if (userAddress >= user && userAddress - user < region.Length)
                return region.Start + (userAddress - user);
        }

        return null;
    }

    public void Dispose() => _regions.ForEach(entry => entry.Region.Dispose());
}
