using Kata.Linux;
using Kata.Virtio.Memory;

namespace Kata.Virtio.Tests.Support;

/// <summary>A region of guest memory between guard bytes that nobody may write; its end fails when somebody did.</summary>
internal sealed unsafe class GuardedMemory : IDisposable
{
    private const byte Guard = 0xa5;
    private const int GuardBytes = 0x1_0000;

    private readonly MemoryMapping _mapping;

    /// <param name="start">The guest-physical address.</param>
    /// <param name="bytes">Whole pages.</param>
    public GuardedMemory(ulong start, ulong bytes)
    {
        _mapping = MemoryMapping.Anonymous((nuint)bytes + (2 * GuardBytes));
        Region = new GuestMemoryRegion(start, bytes, _mapping, GuardBytes);
        Below.Fill(Guard);
        Above.Fill(Guard);
    }

    public GuestMemoryRegion Region { get; }

    /// <summary>The first byte in this process.</summary>
    public byte* Host => (byte*)Region.HostAddress;

    private Span<byte> Below => new((byte*)_mapping.Address, GuardBytes);

    private Span<byte> Above => new(Host + Region.Length, GuardBytes);

    public void AssertGuardsUntouched()
    {
        Assert.IsFalse(Below.ContainsAnyExcept(Guard), "Somebody wrote below guest memory.");
        Assert.IsFalse(Above.ContainsAnyExcept(Guard), "Somebody wrote above guest memory.");
    }

    public void Dispose()
    {
        AssertGuardsUntouched();
        _mapping.Dispose();
    }
}
