using Kata.Linux;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;

namespace Kata.Virtio.Tests.Queues;

/// <summary>A device queue and its driver over two adjacent regions and a third one behind a hole.</summary>
internal sealed unsafe class QueueFixture : IDisposable
{
    public const ulong Base = 0x10000;
    public const ulong RegionBytes = 0x10000;

    /// <summary>The first address of the second region.</summary>
    public const ulong Seam = Base + RegionBytes;

    /// <summary>The first address that is no memory.</summary>
    public const ulong Hole = Base + (2 * RegionBytes);

    /// <summary>Buffers begin here.</summary>
    public const ulong Data = Base + 0x8000;

    private readonly MemoryMapping _mapping = MemoryMapping.Anonymous((nuint)(2 * RegionBytes));
    private readonly MemoryMapping _far = MemoryMapping.Anonymous(0x1000);

    public QueueFixture(ushort size = 8, bool eventIndex = true, bool indirect = true)
    {
        // Two regions over one mapping, so that the driver's pointer arithmetic works across the seam.
        First = new GuestMemoryRegion(Base, RegionBytes, _mapping);
        Memory = new GuestMemory([new(Hole + 0x100000, 0x1000, _far), new(Seam, RegionBytes, _mapping, (nuint)RegionBytes), First]);
        Driver = new DriverQueue((byte*)_mapping.Address, Base, 0, size, eventIndex, indirect);
        Assert.IsTrue(Queue.TryConfigure(Memory, Driver.Layout, 0, Interrupt));
    }

    public GuestMemoryRegion First { get; }

    public GuestMemory Memory { get; }

    public DriverQueue Driver { get; }

    public SplitQueue Queue { get; } = new();

    public CountingInterrupt Interrupt { get; } = new();

    public BufferList Buffers { get; } = new();

    /// <summary>Whether a range of this process is guest memory.</summary>
    public bool IsGuestMemory(NativeBuffer range) => Memory.Regions.Any(region =>
        range.Length >= 0 && range.Address >= region.HostAddress && range.Address + range.Length <= region.HostAddress + (nint)region.Length);

    public DescriptorChain Pop()
    {
        Assert.AreEqual(PopResult.Chain, Queue.TryPop(Buffers, out var chain), Queue.Error.ToString());
        return chain;
    }

    public void Dispose()
    {
        _mapping.Dispose();
        _far.Dispose();
    }
}
