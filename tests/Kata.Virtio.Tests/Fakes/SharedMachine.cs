using Kata.Linux;
using Kata.Virtio.Memory;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Tests.Fakes;

/// <summary>The memory of a machine that another process can map: two regions of one file with a hole between.</summary>
internal sealed class SharedMachine : IDisposable
{
    public const ulong RegionBytes = 4 << 20;
    public const ulong HighStart = 0x1_0000_0000;

    private readonly SafeFileHandle _file = FileDescriptors.Memory("guest", (long)(2 * RegionBytes));
    private readonly GuestMemoryRegion[] _regions;

    public SharedMachine(bool isShared = true)
    {
        _regions = [Region(0, 0), Region(HighStart, RegionBytes)];
        Memory = new GuestMemory(_regions);

        GuestMemoryRegion Region(ulong start, ulong offset) => new(
            start, RegionBytes, MemoryMapping.Shared(_file, 0, (nuint)(2 * RegionBytes)), (nuint)offset, isShared ? _file : null);
    }

    public GuestMemory Memory { get; }

    /// <summary>A queue in the low region, at a place of its own for each index.</summary>
    public unsafe QueueDriver Queue(int index, ushort size = 64) =>
        new(new DriverQueue((byte*)_regions[0].HostAddress, 0, (ulong)index * 0x10000, size), Memory);

    public void Dispose()
    {
        foreach (var region in _regions)
            region.Dispose();
        _file.Dispose();
    }
}
