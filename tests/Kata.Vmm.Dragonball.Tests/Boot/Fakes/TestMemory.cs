using Kata.Virtio.Memory;
using Kata.Virtio.Tests.Support;

namespace Kata.Vmm.Dragonball.Tests.Boot.Fakes;

/// <summary>Guest memory from 0 on, and from 4 GiB on when asked for, between guard bytes that nobody may write.</summary>
internal sealed unsafe class TestMemory : IDisposable
{
    private readonly GuardedMemory[] _parts;

    public TestMemory(ulong lowLength, ulong highLength = 0)
    {
        _parts = highLength > 0 ? [new(0, lowLength), new(1UL << 32, highLength)] : [new(0, lowLength)];
        Memory = new GuestMemory(_parts.Select(part => part.Region));
    }

    public GuestMemory Memory { get; }

    public ReadOnlySpan<byte> Bytes(ulong address, int length)
    {
        Assert.IsTrue(Memory.TryGetSpan(address, length, out var span), $"0x{address:x} is not memory");
        return span;
    }

    public T Read<T>(ulong address)
        where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.Read<T>(Bytes(address, sizeof(T)));

    public void Dispose()
    {
        foreach (var part in _parts)
            part.Dispose();
    }
}
