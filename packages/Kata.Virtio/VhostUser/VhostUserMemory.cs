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

    /// <summary>Maps and adds a region.</summary>
    /// <param name="file">Holds its memory; disposed here.</param>
    /// <exception cref="VhostUserException">The region is empty, overlaps another one, or the file is too short for it.</exception>
    public void Add(in VhostUserRegion region, SafeFileHandle file)
    {
        using (file)
        {
            var (start, end) = (region.GuestAddress, region.GuestAddress + region.Size);
            if (_regions.Count == VhostUserProtocol.MaxRegions)
                throw new VhostUserException($"More than {VhostUserProtocol.MaxRegions} memory regions.");
            if (!region.IsSane)
                throw new VhostUserException($"The memory region at {region} is empty or wraps around.");
            if (_regions.Exists(other => start < other.Region.End && other.Region.Start < end))
                throw new VhostUserException($"The memory region at {region} overlaps another one.");
            // Touching a mapping beyond the end of its file kills the process. A VMM seals its memory file against shrinking.
            var status = FileDescriptors.Status(file);
            if ((status.Mode & FileTypeMask) != RegularFile || (ulong)status.Size < region.FileOffset + region.Size)
                throw new VhostUserException($"The memory region at {region} is not within its file, which has {status.Size} bytes.");
            var mapped = region.FileOffset & ~(MappingAlignment - 1);
            var skip = (nuint)(region.FileOffset - mapped);
            var mapping = MemoryMapping.Shared(file, (long)mapped, skip + (nuint)region.Size);
            _regions.Add((new GuestMemoryRegion(region.GuestAddress, region.Size, mapping, skip), region.UserAddress));
        }

        View = new GuestMemory(_regions.Select(entry => entry.Region));
    }

    /// <summary>Takes a region out. The caller disposes it when no queue uses it any more.</summary>
    public GuestMemoryRegion Remove(VhostUserRegion region)
    {
        var index = _regions.FindIndex(entry =>
            entry.Region.Start == region.GuestAddress && entry.Region.Length == region.Size && entry.UserAddress == region.UserAddress);
        if (index < 0)
            throw new VhostUserException($"There is no memory region at {region} to remove.");
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
