using Kata.Linux;
using Kata.Virtio.Memory;

namespace Kata.Vmm.Dragonball.Tests.Boot.Fakes;

/// <summary>Guest memory from 0 on, and from 4 GiB on when asked for, between guard bytes that nobody may write.</summary>
internal sealed unsafe class TestMemory : IDisposable
{
    private const byte Guard = 0xA5;
    private const int GuardLength = 0x1_0000;

    private readonly List<(MemoryMapping Mapping, ulong Length)> _mappings = [];

    public TestMemory(ulong lowLength, ulong highLength = 0)
    {
        var regions = new List<GuestMemoryRegion> { Map(0, lowLength) };
        if (highLength > 0)
            regions.Add(Map(1UL << 32, highLength));
        Memory = new GuestMemory(regions);
    }

    public GuestMemory Memory { get; }

    public ReadOnlySpan<byte> Bytes(ulong address, int length)
    {
        Assert.IsTrue(Memory.TryGetSpan(address, length, out var span), $"0x{address:x} is not memory");
        return span;
    }

    public T Read<T>(ulong address)
        where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.Read<T>(Bytes(address, sizeof(T)));

    public void AssertGuardsUntouched()
    {
        foreach (var (mapping, length) in _mappings)
        {
            Assert.AreEqual(-1, new Span<byte>((void*)mapping.Address, GuardLength).IndexOfAnyExcept(Guard), "written below guest memory");
            var after = new Span<byte>((byte*)mapping.Address + GuardLength + length, GuardLength);
            Assert.AreEqual(-1, after.IndexOfAnyExcept(Guard), "written above guest memory");
        }
    }

    public void Dispose()
    {
        foreach (var (mapping, _) in _mappings)
            mapping.Dispose();
    }

    private GuestMemoryRegion Map(ulong start, ulong length)
    {
        var mapping = MemoryMapping.Anonymous((nuint)length + (2 * GuardLength));
        _mappings.Add((mapping, length));
        new Span<byte>((void*)mapping.Address, GuardLength).Fill(Guard);
        new Span<byte>((byte*)mapping.Address + GuardLength + length, GuardLength).Fill(Guard);
        return new GuestMemoryRegion(start, length, mapping, GuardLength);
    }
}
